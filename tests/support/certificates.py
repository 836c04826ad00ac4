"""A certificate of a server on this machine, made by openssl."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes it")


def self_signed(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate, and its private key.

    Args:
        folder: where to.
        name: whose, as certificates write it: "DNS:localhost".
    """
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
         "-addext", f"subjectAltName={name}"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return certificate, key
