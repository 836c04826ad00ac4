"""The paper's preset on the device at hand: speed, a killed run, films, attacks; see `__main__`."""
