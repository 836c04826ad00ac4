"""The blinded reader study: quartets and their key, responses."""
