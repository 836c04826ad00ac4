"""The rules that a release keeps, for `validate` before packaging and `verify` after."""
