"""The network of a release as a folder to publish: its record, its card, its gate, its checks."""
