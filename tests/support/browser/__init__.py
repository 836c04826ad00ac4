"""Real browsers at the pages."""
