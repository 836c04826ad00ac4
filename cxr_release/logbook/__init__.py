"""What people say of films, in append-only logs: whatever it is that they say."""
