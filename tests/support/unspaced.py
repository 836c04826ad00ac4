"""Columns of a cohort's film of which nobody states how large its pixels are."""

NO_SPACING: dict[str, None] = dict.fromkeys(
    ("millimetres_per_pixel_row", "millimetres_per_pixel_column", "spacing_kind")
)
