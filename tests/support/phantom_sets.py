"""Two sets of phantoms, of patients of their own, as folders; drawn once."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cxr_release.films import png
from cxr_release.films.png import Film
from tests.support.small_phantoms import small_phantoms


def phantoms(count: int = 120) -> list[Film]:
    """64 × 64, bone bright, facing left."""
    return [film for film, _ in phantoms_of_patients(count)]


def phantoms_of_patients(count: int) -> list[tuple[Film, str]]:
    """The same films with their patients. Eight films in a row share none with others."""
    return small_phantoms(count, seed=5)


def write_folder(folder: Path, films: dict[str, Film]) -> Path:
    folder.mkdir(parents=True)
    for name, film in films.items():
        data = png.encode(np.ascontiguousarray(film), synthetic=False)
        (folder / f"{name}.png").write_bytes(data)
    return folder


def write_patients(folder: Path, patients: dict[str, str] | None = None) -> None:
    """State the patient of each film of a folder; of those not named, one of its own."""
    films = sorted(path.name for path in folder.glob("*.png"))
    rows = [f"{film},{(patients or {}).get(Path(film).stem, film)}" for film in films]
    (folder / "patients.csv").write_text("\n".join(["file,patient", *rows]))
