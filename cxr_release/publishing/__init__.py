"""Concern of the finished release: check it, send it, compare it, deposit it."""
