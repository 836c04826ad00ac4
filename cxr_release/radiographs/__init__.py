"""One film: load, polarity, facing, resample; readers of a source; the phantom cohort."""
