"""Images → float32 features, through imagededup's own encoding path."""
