"""What tests share: films, artefacts, servers, browsers. README.md says what is where."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The repository."""
