"""The search for copies: nearest pairs of real and synthetic films, calibrated."""
