"""Attacks by who holds the network's weights: losses of films, with and without a reference."""
