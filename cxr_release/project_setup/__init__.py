"""Projects of their own: one installed tool, and a folder for each dataset."""
