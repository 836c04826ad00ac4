"""Transport of a finished release: to the Hub, from the Hub, into an archive."""
