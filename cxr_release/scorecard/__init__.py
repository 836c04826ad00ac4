"""Is anybody in the release: attacks on synthetic films, each with controls and with its power."""
