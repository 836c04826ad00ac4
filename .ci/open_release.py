"""Open a release as a downstream user would: every config, plain and streaming."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from datasets import get_dataset_config_names, load_dataset

LINES, WORDS = 300, 2500
"""Of the card of the default release: more belongs into its datasheet."""


def main(folder: str) -> None:
    """Load everything and hold the counts against release.json and the card."""
    record = json.loads((Path(folder) / "release.json").read_text())
    card = (Path(folder) / "README.md").read_text()
    released = record["counts"]["total"]["released"]
    if f"{released:,}" not in card:
        raise SystemExit(f"the card does not name {released:,} films")
    names = get_dataset_config_names(folder)
    films = {}
    for name in names:
        plain = load_dataset(folder, name, split="train")
        streamed = load_dataset(folder, name, split="train", streaming=True)
        count = sum(1 for _ in streamed)
        if count != plain.num_rows:
            raise SystemExit(f"{name}: {plain.num_rows} rows, {count} when streamed")
        films[name] = count
        sys.stdout.write(f"{name}: {count} rows, {', '.join(plain.features)}\n")
    if films["default"] != released:
        raise SystemExit(f"default holds {films['default']} films, release.json says {released}")
    if sum(films[name] for name in names if name.startswith("checkpoint-")) != released:
        raise SystemExit("the checkpoints' films do not add up to the release")
    first = load_dataset(folder, split="train")[0]
    recommended = f"checkpoint-{first['checkpoint']}"
    if f"**Use `{recommended}`**" not in card:
        raise SystemExit(f"default opens with {recommended}, which the card does not recommend")
    if len(card.splitlines()) > LINES or len(card.split()) > WORDS:
        raise SystemExit(f"the card is longer than {LINES} lines or {WORDS} words")
    size = record["params"]["ingest"]["size"]
    if first["image"].size != (size, size) or first["image"].mode != "L":
        raise SystemExit(f"{first['id']} is no grey film of {size} × {size}")


if __name__ == "__main__":
    main(*sys.argv[1:])
