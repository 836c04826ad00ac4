"""Procedural lateral cervical radiographs with their ground truth: the embedded cohort."""
