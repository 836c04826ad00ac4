"""`python -m cxr_release.cli`."""

from cxr_release.cli import main

main()
