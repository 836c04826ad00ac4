"""The secret behind the chance of private training, and the numbers that follow from it.

Everything that makes a run private is chance: who is drawn for a step, and the noise on the sum.
Whoever can draw the same numbers can take the noise off again and see who was drawn. The seed in
params.yaml is published, and numpy's generators can be wound back. So these numbers are SHAKE-256
of a key of 32 random bytes that never leaves the house, of the run, of the step, and of what the
number is for: nobody without the key can tell them from chance, and its owner can resume a killed
run, or make it again, to the bit.

Two runs never share noise: their difference would show what the noise hides. The run's identity
(films, patients, network, settings, code) goes into the numbers, so that training again without a
withdrawn film draws anew, under the same key.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from cxr_release.errors import TrainingError
from cxr_release.files import read_bounded, write_once

KEY_BYTES = 32
_KEY = re.compile(rb"([0-9a-f]{%d})\n?" % (2 * KEY_BYTES))
_REMEDY = (
    "restore it from where you keep it; without it the runs of this project cannot be resumed or"
    " made again: to train with a new key, move it away"
)


class RunChance:
    """The chance of one run: numbers that only the owner of the key can draw.

    Args:
        secret: `KEY_BYTES` bytes.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def uniform(self, count: int, *purpose: int | str) -> NDArray[np.float64]:
        """(count,) of 2^52 evenly spaced numbers in (0, 1), the same ones whenever asked."""
        words = np.frombuffer(self._bytes(8 * count, *purpose), dtype="<u8")
        halves: NDArray[np.float64] = ((words >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52
        return halves

    def normal(self, count: int, *purpose: int | str) -> NDArray[np.float32]:
        """(count,) standard normal numbers, by the inverse of their distribution."""
        return ndtri(self.uniform(count, *purpose)).astype(np.float32)

    def generator(self, *purpose: int | str) -> np.random.Generator:
        """A stream of numpy's, for what need not be secret: noise levels, mirroring."""
        return np.random.Generator(np.random.PCG64(int.from_bytes(self._bytes(16, *purpose))))

    def _bytes(self, count: int, *purpose: int | str) -> bytes:
        text = "/".join(str(part) for part in purpose).encode()
        return hashlib.shake_256(self._secret + text).digest(count)


class NoiseKey:
    """The key of a project.

    Args:
        secret: `KEY_BYTES` random bytes.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of_run(self, identity: str) -> RunChance:
        """The chance of the run of this identity, which no other run shares."""
        return RunChance(self._digest("run", identity))

    def of_films(self, cohort_sha256: str) -> str:
        """64 hex digits for a set of films, which only the owner of the key can make or try."""
        return self._digest("films", cohort_sha256).hex()

    @property
    def fingerprint(self) -> str:
        """64 hex digits that identify the key without revealing it."""
        return self._digest("fingerprint", "").hex()

    def _digest(self, kind: str, text: str) -> bytes:
        return hmac.digest(self._secret, f"{kind}\0{text}".encode(), "sha256")


def keep_noise_key(path: Path) -> NoiseKey:
    """The key that a file keeps, for its owner alone; a fresh one where there is no file.

    Raises:
        TrainingError: the file holds something else, or cannot be read or written.
    """
    try:
        if not os.path.lexists(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_once(path, f"{secrets.token_hex(KEY_BYTES)}\n", mode=0o600)
        match = _KEY.fullmatch(read_bounded(path, 1024))
        path.chmod(0o600)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a pipe or a device: not a key either
            raise TrainingError(
                f"the key of the noise cannot be read or written ({error.strerror})",
                where=str(path),
                remedy=_REMEDY,
            ) from error
        match = None
    if not match:
        raise TrainingError("is not a key of noise", where=str(path), remedy=_REMEDY)
    return NoiseKey(bytes.fromhex(match[1].decode()))
