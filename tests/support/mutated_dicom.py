"""Mutated DICOM files, read in a process of their own: what each came to, a JSON line each.

    python -m tests.support.mutated_dicom COUNT SEED SECONDS

A file that takes longer than SECONDS ends the process by SIGALRM.
"""

from __future__ import annotations

import io
import json
import signal
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np

from cxr_release.errors import SourceError
from cxr_release.films.decode import decode
from cxr_release.films.dicom_file import open_dataset
from cxr_release.params.films import DicomParams
from tests.support.dicom_films import COMPRESSED, NATIVE, dataset_of, encoded, table, test_files

SETTINGS = DicomParams(modality=(), burned_in="keep", frames="first")
LARGEST = 300_000
"""Bytes of a file that is mutated: larger ones take long to copy, and are no other."""


def originals() -> list[bytes]:
    rng = np.random.default_rng(0)
    pixels = (
        np.add.outer(np.arange(40), np.arange(30)) * 40 + rng.integers(0, 9, (40, 30))
    ).astype(np.uint16)
    elements = {
        "PixelSpacing": [0.1, 0.1],
        "WindowCenter": "1400",
        "WindowWidth": "2800",
        "CollimatorShape": "RECTANGULAR",
        "CollimatorLeftVerticalEdge": 3,
        "VOILUTSequence": [table(0, 12, np.arange(4096))],
        "PatientAge": "047Y",
    }
    ours = [
        encoded(dataset_of(pixels, 12, **elements), syntax) for syntax in (*NATIVE, *COMPRESSED)
    ]
    ours.append(encoded(dataset_of(pixels, 12, **elements), "1.2.840.10008.1.2.1.99"))
    small = [path for path in test_files() if path.stat().st_size < LARGEST]
    return ours * 8 + [path.read_bytes() for path in small]


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Cut, bits flipped, header bytes changed, runs of 0xFF, parts swapped or repeated."""
    raw = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(0, len(raw)))
        match int(rng.integers(0, 7)):
            case 0:
                del raw[max(at, 140) :]
            case 1:
                for place in rng.integers(0, len(raw), 20):
                    raw[place] ^= 1 << int(rng.integers(0, 8))
            case 2:
                for place in rng.integers(132, min(len(raw), 3000) + 133, 8):
                    raw[min(int(place), len(raw) - 1)] = int(rng.integers(0, 256))
            case 3:
                raw[at : at + 16] = b"\xff" * len(raw[at : at + 16])
            case 4:
                other = int(rng.integers(0, len(raw)))
                raw[at : at + 64] = raw[other : other + 64]
            case 5:
                raw[at:at] = raw[at : at + int(rng.integers(1, 400))]
            case _:
                del raw[at : at + int(rng.integers(1, 40))]
        if len(raw) < 140:
            return bytes(data[:140])
    return bytes(raw)


def main() -> None:
    count, seed, seconds = map(int, sys.argv[1:])
    rng = np.random.default_rng(seed)
    files = originals()
    for number in range(count):
        data = mutated(files[int(rng.integers(0, len(files)))], rng)
        Path("last.dcm").write_bytes(data)
        signal.alarm(seconds)
        try:
            film = decode(data, SETTINGS).film
            outcome = f"film {film.shape[1]} × {film.shape[0]}"
        except SourceError as error:
            outcome = str(error)
        with suppress(SourceError):
            open_dataset(io.BytesIO(data), ["PatientID", "Modality", "SOPInstanceUID"])
        signal.alarm(0)
        sys.stdout.write(json.dumps({"number": number, "outcome": outcome}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
