"""What a release says of itself, derived from its record and tables."""
