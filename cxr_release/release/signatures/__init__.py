"""Signatures over SHA256SUMS in OpenSSH's own format: made by ssh-keygen, checked without it."""
