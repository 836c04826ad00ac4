"""Measures of each class of films, where films were drawn as classes."""
