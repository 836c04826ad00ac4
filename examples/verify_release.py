"""Check that a release is what it says of itself, and load it.

python examples/verify_release.py data/release
python examples/verify_release.py org/cervical-synthetic@v1.0.0
"""

import argparse
import sys

import cxr_release

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("release", help="a release folder, or ORG/NAME@TAG on the Hub")
given = arguments.parse_args()

report = cxr_release.verify(given.release)

print(f"{report['name']} {report['version']}")
for rule, number in report["checked"].items():
    print(f"  {rule}: {number}")
for difference in report["differences"]:
    print(f"{difference['where']}: {difference['what']}", file=sys.stderr)
    if difference["remedy"]:
        print(f"  {difference['remedy']}", file=sys.stderr)
sys.exit(1 if report["differences"] else 0)
