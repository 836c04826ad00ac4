"""A process that knows a release only from the Hub; prints id → SHA-256 of the pixels it loads."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

from datasets import load_dataset

from tests.support.hub.requests import REPO


def pixels_of(rows: Any) -> dict[str, str]:
    return {row["id"]: hashlib.sha256(row["image"].tobytes()).hexdigest() for row in rows}


def main() -> None:
    tag = sys.argv[1]
    found = {}
    for config in ("default", "checkpoint-1"):
        plain = load_dataset(REPO, config, revision=tag, split="train")
        streamed = load_dataset(REPO, config, revision=tag, split="train", streaming=True)
        found[config] = pixels_of(plain)
        assert pixels_of(streamed) == found[config]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
