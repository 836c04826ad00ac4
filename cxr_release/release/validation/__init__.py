"""Whether artefacts may become a release: every table, and everything between them."""
