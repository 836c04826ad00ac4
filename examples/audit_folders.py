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
print(f"most similar pair: score {report['score']['highest']:.2f}")
for kind in report["power"]:
    print(f"  {kind['alteration']}: {kind['found']} of {kind['planted']} planted copies listed")
unreadable = report["real"]["unreadable"] + report["synthetic"]["unreadable"]
for film in unreadable:
    print(f"not searched: {film}")
print(report["calibration"]["chance"]["sentence"])
flagged = report["flagged"]  # None where there are too few real films to compare with each other
print(f"flagged films: {flagged['films'] if flagged else 'not known'}")
print(f"look at {given.output}/pairs.png")
sys.exit(1 if unreadable or flagged is None or flagged["films"] else 0)
