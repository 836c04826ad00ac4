"""The memorization audit: nearest real–synthetic pairs."""
