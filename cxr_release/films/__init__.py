"""Films as files: read them whatever they come in, name them, keep them, know of whom they are."""
