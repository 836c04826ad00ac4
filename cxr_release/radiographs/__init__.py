"""From a folder of films to a cohort: polarity, facing, size, tuning split; phantoms."""
