"""Search synthetic films for copies of real ones.

python examples/audit_folders.py real-films synthetic-films found
"""

import argparse
import sys

import cxr_release

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("real", help="a folder of films, or an image table (Parquet)")
arguments.add_argument("synthetic", help="likewise")
arguments.add_argument("output", help="a folder for pairs and figures; it holds real films")
given = arguments.parse_args()

report = cxr_release.audit(
    given.real,
    given.synthetic,
    given.output,
    top=50,  # pairs to look at, the most similar first
    plants=10,  # altered copies of each kind: would the search find them?
)

print(f"{report['real']['searched']} real, {report['synthetic']['searched']} synthetic films")
print(f"most similar pair: cosine {report['cosine']['highest']:.4f}")
for kind in report["power"]:
    print(f"  {kind['alteration']}: {kind['found']} of {kind['planted']} planted copies listed")
unreadable = report["real"]["unreadable"] + report["synthetic"]["unreadable"]
for film in unreadable:
    print(f"not searched: {film}")
print(report["calibration"]["chance"]["sentence"])
print(f"flagged films: {report['flagged']['films']}; look at {given.output}/pairs.png")
sys.exit(1 if unreadable or report["flagged"]["films"] else 0)
