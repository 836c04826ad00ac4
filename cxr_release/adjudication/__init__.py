"""Verdicts on the audited pairs: the log entry, the queue, what follows for the films."""
