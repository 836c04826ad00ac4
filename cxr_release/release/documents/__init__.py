"""What a release says of itself beside the card: record, notices, Croissant, checksums."""
