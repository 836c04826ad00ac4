"""Bring a folder of radiographs into one form, and say what was not taken.

python examples/ingest_folder.py ~/films cohort
"""

import argparse
from pathlib import Path

import cxr_release

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("films", help="a folder of PNG, JPEG or TIFF, or: phantoms")
arguments.add_argument("cohort", type=Path, help="a folder for what comes of it")
arguments.add_argument("--size", type=int, default=256, help="pixels of each side")
arguments.add_argument("--phantoms", type=int, default=40, help="films to draw")
given = arguments.parse_args()

summary = cxr_release.ingest(
    given.films,
    given.cohort,
    size=given.size,
    phantoms=given.phantoms,
    on_error="skip",
    # The same key gives the films the same opaque ids again: keep it beside the films.
    key=given.cohort.with_name("film-key"),
)

print(f"{summary['ingested']} of {summary['files']} files are films in {given.cohort}")
print(f"negatives inverted: {summary['inverted']}; mirrored to face left: {summary['flipped']}")
if summary["refused"]:
    print(f"refused: {summary['refused']}; manifest.parquet says why, file by file")
if summary["patients_not_stated"]:
    print("patients are not stated: put a patients.csv beside the films")
