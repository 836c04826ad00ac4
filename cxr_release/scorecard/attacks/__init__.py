"""Attacks on the patients of a training set, each on what an attacker would hold."""
