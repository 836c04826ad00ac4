"""The blinded study by Qualtrics: the survey, and its export read back."""
