"""params.yaml, read strictly: one dataclass a section."""
