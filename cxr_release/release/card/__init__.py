"""The datacard: its text, its pictures, and the rules that it keeps."""
