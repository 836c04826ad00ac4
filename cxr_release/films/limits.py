"""Limits on films from outside, and on the files beside them: what is larger is not read."""

from __future__ import annotations

MAX_PIXELS = 2**26
"""Of a film: 67 megapixels, above any radiography detector or film scanner."""
MAX_BYTES = 8 * MAX_PIXELS
"""Of a file, and of a decoded picture: 512 MiB, a film of `MAX_PIXELS` with three colours and
transparency in 16 bits."""
MAX_SAMPLES = 8
"""Samples a pixel."""
MAX_PAGES = 16
"""Pictures of a TIFF."""
MAX_TAG_VALUES = 2**22
"""Values of a tag of a TIFF: above the strips of any film, and few enough to hold."""
MAX_ELEMENTS = 20_000
"""Of a DICOM file: above the header of any film, and few enough to be read in a moment."""
MAX_METADATA = 2**18
"""Bytes of a chunk of a PNG that may say how the picture is turned; a longer one is passed over."""
MAX_ENCODED_SIDE = 2048
"""Pixels of a side that an encoder gets: no encoder sees more."""
MAX_ID = 255
"""Letters of a film's id."""
MAX_PATIENTS_BYTES = 2**26
"""Of `patients.csv`."""
MAX_LEFT_FACING_BYTES = 2**20
"""Of `left-facing.txt`."""
AGE = "age"
"""Name of the fact that is years."""
OLDEST = 90
"""Age in years that stands for itself and all above, as rules of de-identification ask."""
