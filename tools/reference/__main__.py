"""Write `docs/reference/` anew: `python -m tools.reference`, or `make reference`."""

from __future__ import annotations

from pathlib import Path

from tools.reference.pages import pages

ROOT = Path(__file__).parents[2]

if __name__ == "__main__":
    for name, text in pages(ROOT).items():
        (ROOT / "docs/reference" / name).write_text(text, encoding="utf-8")
