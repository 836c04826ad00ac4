"""A process that pushes a folder with so many tries; prints the report as JSON."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from cxr_release.errors import ReleaseError
from cxr_release.publishing import patience, push
from cxr_release.publishing.hub_client import Patience
from cxr_release.publishing.push_model import push_model
from tests.support.hub.believing import BELIEVING, VERIFY
from tests.support.hub.requests import REPO


def main() -> None:
    sys.modules[VERIFY] = BELIEVING
    total = float(os.environ.get("PATIENCE", "300"))
    if "PATIENCE" in os.environ:
        patience.ASK_AFTER, patience.ASK_FOR, patience.SAY_AFTER = 0.3, 0.3, 0.5
    try:
        folder = Path(sys.argv[1])
        given: dict[str, Any] = {"repo": REPO, "tag": None, "private": False, "dry_run": False}
        given["patience"] = Patience(tries=int(sys.argv[2]), first=0.1, longest=1.0, total=total)
        if (folder / "model.json").exists():
            report = push_model(folder, allow_weights=REPO, **given)
        else:
            report = push.push(folder, allow_unreviewed=False, ledger=None, **given)
    except ReleaseError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(1) from None
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main()
