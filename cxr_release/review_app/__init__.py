"""The reviewers' web pages. They know films and decisions, never checkpoints or keys."""
