"""One module a stage of dvc.yaml: read, call one concern, write."""
