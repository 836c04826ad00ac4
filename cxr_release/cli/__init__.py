"""The command line."""

from cxr_release.cli.commands import main

__all__ = ["main"]
