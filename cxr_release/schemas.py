"""The tables of the pipeline, each declared once. See `cxr_release.tables` for what that gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from cxr_release.film_id import BATCHES, FILM_PATTERN, SOURCE_PATTERN
from cxr_release.params.limits import MOST_CLASSES
from cxr_release.tables import (
    ANGLES,
    FACTS,
    HEX64,
    IMAGE,
    KEYPOINTS,
    PLACED_POINTS,
    Column,
    Table,
    classes_of,
    names_of,
)

TEXT, INT, BOOL, FLOAT = pa.string(), pa.int64(), pa.bool_(), pa.float64()
FACINGS = ("left", "right")
EDGES = ("left", "top", "right", "bottom")
CLASS_PATTERN = r"\S(.{0,38}\S)?"
"""The name of a class: a code, or a range of numbers."""
SPACING_KINDS = ("calibrated", "detector", "unknown")


def _image(doc: str) -> Column:
    return Column("image", IMAGE, doc)


WIDTH = Column("width", INT, "Width in pixels.", least=1)
HEIGHT = Column("height", INT, "Height in pixels.", least=1)
SHA256 = Column("sha256", TEXT, "SHA-256 of the PNG file's bytes, in hex.", matches=HEX64)
PIXEL_SHA256 = Column(
    "pixel_sha256",
    TEXT,
    "SHA-256 of the decoded 8-bit grey pixels, row by row from the top left, in hex.",
    matches=HEX64,
)
CHECKPOINT = Column(
    "checkpoint",
    INT,
    "Number of the model checkpoint that the film was sampled from; empty: another generator drew"
    " it.",
    least=1,
    nullable=True,
)
CHECKPOINT_STEP = Column(
    "checkpoint_step",
    INT,
    "Training steps that the checkpoint had seen; empty of a film drawn elsewhere.",
    least=1,
    nullable=True,
)
BATCH = Column("batch", TEXT, "Part of the source's films: initial or large.", among=BATCHES)
SEED = Column(
    "seed",
    INT,
    "Seed of the film's random numbers, from which it can be drawn again; empty: not known.",
    least=0,
    nullable=True,
)
FACING = Column(
    "facing",
    TEXT,
    "Which way the film faces here: left, as detected or as reviewers stated; or unknown.",
    among=("left", "unknown"),
)
SPACING_KIND = Column(
    "spacing_kind",
    TEXT,
    "Where those millimetres are: calibrated (in the patient), detector, or unknown.",
    nullable=True,
    among=SPACING_KINDS,
)
FLIPPED = Column(
    "flipped",
    BOOL,
    "Whether the film was mirrored after sampling: it was detected, or stated, to face right.",
)
LABEL = Column(
    "label",
    TEXT,
    "Class that the film was drawn as; empty where it was not drawn as one.",
    matches=CLASS_PATTERN,
    nullable=True,
)
SYNTHETIC = Column(
    "id",
    TEXT,
    "Identity of the film: source (a checkpoint, or another generator), batch and index.",
    matches=FILM_PATTERN,
    unique=True,
)

COHORT = Table(
    "cohort",
    "Real films (or phantoms) as the network sees them: 8-bit grey, bone bright, one size.",
    (
        _image("The film after ingest, as an 8-bit grey PNG."),
        Column(
            "id",
            TEXT,
            "Identity of the film; of a real one opaque: the manifest alone names its file.",
            unique=True,
        ),
        Column(
            "patient",
            TEXT,
            "Patient, opaque; films of one share it. Empty where the source does not state it.",
            nullable=True,
        ),
        WIDTH,
        HEIGHT,
        SHA256,
        PIXEL_SHA256,
        Column("inverted", BOOL, "Whether the film came as a negative and was inverted."),
        Column(
            "facing",
            TEXT,
            "The way the source film faces; empty where that is not known.",
            nullable=True,
            among=FACINGS,
        ),
        Column(
            "flipped",
            BOOL,
            "Whether the film was mirrored: it was detected to face right.",
        ),
        Column(
            "millimetres_per_pixel_row",
            FLOAT,
            "Millimetres between rows here, where the source states its own.",
            nullable=True,
        ),
        Column(
            "millimetres_per_pixel_column",
            FLOAT,
            "Millimetres between columns here, where the source states its own.",
            nullable=True,
        ),
        SPACING_KIND,
    ),
)

MANIFEST = Table(
    "manifest",
    "One row for every source file: what it was, and what became of it.",
    (
        Column("source_file", TEXT, "Name of the file in the source folder.", unique=True),
        Column(
            "status",
            TEXT,
            "ingested, refused, or passed over: not one of the films that were asked for.",
            among=("ingested", "refused", "passed over"),
        ),
        Column("fault", TEXT, "Why the file was refused or passed over.", nullable=True),
        Column("id", TEXT, "Identity in the cohort.", nullable=True),
        Column("patient", TEXT, "Patient, as in the cohort.", nullable=True),
        Column(
            "stated_patient",
            TEXT,
            "Patient key as the source states it; empty where it does not.",
            nullable=True,
        ),
        Column(
            "case",
            TEXT,
            "Number of the case, where the source numbers cases and not patients.",
            nullable=True,
        ),
        Column("source_sha256", TEXT, "SHA-256 of the source file.", matches=HEX64, nullable=True),
        Column("source_width", INT, "Width before ingest, in pixels.", least=1, nullable=True),
        Column("source_height", INT, "Height before ingest, in pixels.", least=1, nullable=True),
        Column("source_bits", INT, "Bits a sample.", least=1, nullable=True),
        Column("source_mode", TEXT, "Pixel format of the source: L, I;16, RGB, P …", nullable=True),
        *(
            Column(
                f"field_{side}",
                INT,
                f"{side.capitalize()} edge of the exposed field that alone was taken, in pixels of"
                " the source film; empty: the whole film.",
                least=0,
                nullable=True,
            )
            for side in EDGES
        ),
        Column("inverted", BOOL, "Whether it was negative and was inverted.", nullable=True),
        Column(
            "facing",
            TEXT,
            "The way it faces, as listed or found; empty where that is not known.",
            nullable=True,
            among=FACINGS,
        ),
        Column("flipped", BOOL, "Whether it was mirrored.", nullable=True),
        Column("age", INT, "Age in years, where the source says so.", least=0, nullable=True),
        Column("curvature", INT, "Curvature class of the source, 1–5.", least=1, nullable=True),
        Column("keypoints", KEYPOINTS, "Landmarks in pixels of the source film.", nullable=True),
        Column(
            "facts",
            FACTS,
            "What else is known of the film, by the file or by a table beside it.",
            nullable=True,
        ),
        Column(
            "spacing_row",
            FLOAT,
            "Millimetres between rows of the source film, where stated.",
            nullable=True,
        ),
        Column(
            "spacing_column",
            FLOAT,
            "Millimetres between columns of the source film, where stated.",
            nullable=True,
        ),
        SPACING_KIND,
        *(
            Column(
                f"placed_{edge}",
                FLOAT,
                f"Where the {edge} edge of the source film lies on the ingested film, in its pixels"
                " before it is mirrored; beyond it where the film was cut off.",
                nullable=True,
            )
            for edge in EDGES
        ),
        Column(
            "stated_negative",
            BOOL,
            "Whether the file states that the film as decoded is bone dark; empty: not stated.",
            nullable=True,
        ),
        Column(
            "lossy", BOOL, "Whether it was ever compressed with loss, where stated.", nullable=True
        ),
        Column("overlay", BOOL, "Whether graphics lie over it that are not shown.", nullable=True),
        Column("left_out", TEXT, "What of the film's annotation could not be used.", nullable=True),
        Column(
            "true_facing", TEXT, "Phantoms: the way it was drawn.", nullable=True, among=FACINGS
        ),
        Column("true_negative", BOOL, "Phantoms: whether it was drawn negative.", nullable=True),
    ),
)

SPLIT = Table(
    "split",
    "Which part of the cohort each film belongs to: which runs see it.",
    (
        Column("id", TEXT, "Film of the cohort.", unique=True),
        Column(
            "patient",
            TEXT,
            "Patient, where stated: no stated patient is in two parts.",
            nullable=True,
        ),
        Column(
            "part",
            TEXT,
            "tuning: both runs see it; held_out: the final run alone; control: no run.",
            among=("tuning", "held_out", "control"),
        ),
    ),
)

LABELS = Table(
    "labels",
    "Class of each real film that is in a part, where films are drawn as classes. Not released.",
    (
        Column("id", TEXT, "Film of the cohort.", unique=True),
        replace(LABEL, doc="Class of the film; empty where it is not known."),
    ),
)

SAMPLES = Table(
    "samples",
    "Synthetic films as one sampling job made them.",
    (
        _image("The film as an 8-bit grey PNG with its provenance label."),
        SYNTHETIC,
        CHECKPOINT,
        CHECKPOINT_STEP,
        BATCH,
        SEED,
        LABEL,
        WIDTH,
        HEIGHT,
        SHA256,
        PIXEL_SHA256,
    ),
)

COLLECTED = Table(
    "collected",
    "One row for every file, or row of a table, of films drawn elsewhere. Names files: stays.",
    (
        Column("source", TEXT, "Name of the films in sample.sources.", matches=SOURCE_PATTERN),
        Column("file", TEXT, "Name of the file below the source's folder, with its row."),
        Column("status", TEXT, "collected or refused.", among=("collected", "refused")),
        Column("fault", TEXT, "Why it was refused.", nullable=True),
        Column("id", TEXT, "Identity of the film.", matches=FILM_PATTERN, nullable=True),
        Column("source_sha256", TEXT, "SHA-256 of its bytes.", matches=HEX64, nullable=True),
        Column("source_width", INT, "Width before resampling, in pixels.", least=1, nullable=True),
        Column("source_height", INT, "Height likewise.", least=1, nullable=True),
        Column("source_bits", INT, "Bits a sample.", least=1, nullable=True),
        Column("source_mode", TEXT, "Pixel format: L, I;16, RGB …", nullable=True),
    ),
    key=("source", "file"),
)

ORIENTED = Table(
    "oriented",
    "Synthetic films: those that face right are mirrored, all others as they were sampled.",
    (
        *SAMPLES.columns[:7],
        FACING,
        Column(
            "facing_said",
            BOOL,
            "Whether reviewers state which way it faces, or disagree; else it is as detected.",
        ),
        FLIPPED,
        *SAMPLES.columns[7:],
        Column(
            "mirrored_sha256",
            TEXT,
            "SHA-256 of the PNG of the film's mirror image: decisions on that are on this film.",
            matches=HEX64,
        ),
    ),
)

FILMS = Table(
    "films",
    "Films of any set, as far as counting must know them.",
    (
        Column("id", TEXT, "Identity of the film.", matches=r".{1,255}", unique=True),
        CHECKPOINT,
        Column("batch", TEXT, "Part of the source's films.", matches=r".{1,64}"),
        SHA256,
    ),
)

PRESCREEN = Table(
    "prescreen",
    "The pre-screen's anomaly score of each synthetic film.",
    (
        SYNTHETIC,
        SHA256,
        Column(
            "score",
            FLOAT,
            "Anomaly score: the higher, the less the film resembles the cohort.",
            least=0,
        ),
        Column(
            "percentile",
            FLOAT,
            "Share of held-out source films, in per cent, with a lower score.",
            least=0,
            most=100,
        ),
    ),
)

SCREENED = Table(
    "screened",
    "Every generated film and what the reviewers made of it.",
    (
        SYNTHETIC,
        CHECKPOINT,
        BATCH,
        LABEL,
        SHA256,
        Column(
            "decided",
            BOOL,
            "Whether enough reviewers have decided and agree, or the rule settles it.",
        ),
        Column("released", BOOL, "Whether the film goes into the release."),
        Column("reviewers", INT, "Reviewers whose decision on the film is in effect.", least=0),
        Column(
            "looked_at",
            BOOL,
            "Whether one of them decided while the page showed it, not faster than a look takes.",
        ),
    ),
)

EXCLUSIONS = Table(
    "exclusions",
    "Films that were generated and left out, and why.",
    (
        SYNTHETIC,
        CHECKPOINT,
        BATCH,
        SHA256,
        Column(
            "reason",
            TEXT,
            "Code of the reason, as in the datasheet.",
            matches=r"[a-z0-9][a-z0-9-]*",
        ),
        Column("reviewers", INT, "How many people excluded it.", least=0),
        Column("prescreen", BOOL, "Whether the automatic pre-screen excluded it."),
        Column("audit", BOOL, "Whether the verdicts of the memorization audit keep it out."),
        Column("withdrawn", BOOL, "Whether it was withdrawn after an earlier version held it."),
    ),
)

TOMBSTONES = Table(
    "exclusions",
    EXCLUSIONS.doc,
    (
        *EXCLUSIONS.columns,
        Column(
            "first_version_without",
            TEXT,
            "First version without the film, of those that an earlier version held.",
            matches=r"\d+\.\d+\.\d+",
            nullable=True,
        ),
    ),
)
"""`EXCLUSIONS` as released: a film that a published version held leaves its tombstone here."""

COUNTS = Table(
    "counts",
    "Table S1: films generated, excluded and released, per source and batch.",
    (
        CHECKPOINT,
        BATCH,
        Column("generated", INT, "Films sampled.", least=0),
        Column("excluded", INT, "Films left out.", least=0),
        Column("released", INT, "Films in the release: generated − excluded.", least=0),
        Column("undecided", INT, "Films that no reviewer has decided on.", least=0),
    ),
    key=("checkpoint", "batch"),
)

VIEWS = ("plain", "mirrored", "inverted", "mirrored-inverted")
"""How a synthetic film is held against a real one; on a tie the first of them counts."""

JUDGED = ("copy", "not-a-copy", "unsure")
"""What a reviewer, or all of them together, may say of a pair."""

COPY, POSSIBLE_COPY = "copy", "possible-copy"
"""Codes of the reasons for which the memorization audit keeps a film out of the release."""

SMALL = 64
"""Pixels on each side of the small pictures by which films are compared."""

PARTS = ("whole", "left", "right", "top", "bottom")
"""What of a synthetic film, in its view, was compared with a real one: all of it, or a half."""

RANK = Column("rank", INT, "1 is the most similar pair.", least=1)
SCORE = Column(
    "score",
    FLOAT,
    "Standard deviations by which the two films are more similar than real films that are not"
    " copies and their nearest ones usually are.",
)
COSINE = Column(
    "cosine",
    FLOAT,
    "Cosine similarity of the two films once they are aligned, of what both show.",
    least=-1.001,
    most=1.001,
)
VIEW = Column("view", TEXT, "View of the synthetic film in which it is most similar.", among=VIEWS)
PART = Column("part", TEXT, "Part of the synthetic film that is most similar.", among=PARTS)
POSE = (
    Column(
        "turn",
        FLOAT,
        "Degrees by which the synthetic film, in its view, is turned on the real one.",
        least=-180,
        most=180,
    ),
    Column(
        "scale",
        FLOAT,
        "Length on the real film of what has length 1 on the synthetic one.",
        least=0,
        most=100,
    ),
    Column(
        "right",
        FLOAT,
        "How far the synthetic film's middle lies right of the real one's, of the width.",
        least=-10,
        most=10,
    ),
    Column(
        "down",
        FLOAT,
        "How far the synthetic film's middle lies below the real one's, of the height.",
        least=-10,
        most=10,
    ),
)
PERCENTILE = Column(
    "percentile",
    FLOAT,
    "Share of source films, in per cent, whose own nearest source film has a lower score.",
    least=0,
    most=100,
    nullable=True,
)
P_VALUE = Column(
    "p",
    FLOAT,
    "Probability that a film which copies nobody has such a score, or a higher one.",
    least=0,
    most=1,
    nullable=True,
)
FLAGGED = Column(
    "flagged",
    BOOL,
    "Whether p times the number of synthetic films is 0.05 or less.",
    nullable=True,
)
REAL = Column("real_id", TEXT, "Film of the cohort.", matches=r"[\s\S]{1,255}")
ANY_SYNTHETIC = Column("synthetic_id", TEXT, "Synthetic film.", matches=r"[\s\S]{1,255}")

PAIRS = Table(
    "pairs",
    "The most similar pairs of a real and a synthetic film. Not released.",
    (
        replace(RANK, unique=True),
        REAL,
        ANY_SYNTHETIC,
        SCORE,
        COSINE,
        VIEW,
        PART,
        *POSE,
        PERCENTILE,
        P_VALUE,
        FLAGGED,
    ),
    key=("real_id", "synthetic_id"),
)

NEAREST = Table(
    "nearest",
    "Every synthetic film and the real film most similar to it. Not released.",
    (
        replace(ANY_SYNTHETIC, unique=True),
        REAL,
        SCORE,
        COSINE,
        VIEW,
        PART,
        Column(
            "second_score",
            FLOAT,
            "Score of the second most similar real film; none where there is but one.",
            nullable=True,
        ),
        Column(
            "tuning_score",
            FLOAT,
            "Score of the most similar film of the tuning part; not above `score`. None where there"
            " is no such part, and where control films are the baseline.",
            nullable=True,
        ),
        PERCENTILE,
        P_VALUE,
        FLAGGED,
    ),
)

WITHIN = Table(
    "within",
    "The most similar pairs within each of the two sets. Not released.",
    (
        Column("set", TEXT, "real or synthetic.", among=("real", "synthetic")),
        RANK,
        Column("one_id", TEXT, "Film whose id comes first.", matches=r"[\s\S]{1,255}"),
        Column("other_id", TEXT, "The other film.", matches=r"[\s\S]{1,255}"),
        COSINE,
        Column(
            "same_patient", BOOL, "Whether both are of one patient, where known.", nullable=True
        ),
        Column("alike", BOOL, "Whether they are as similar as a film and its recompressed copy."),
    ),
    key=("set", "one_id", "other_id"),
)

VERDICTS = Table(
    "verdicts",
    "The pairs to be judged, and what the reviewers' verdicts come to. Not released.",
    (
        REAL,
        replace(ANY_SYNTHETIC, matches=FILM_PATTERN),
        Column("rank", INT, "Rank in this audit; none for a pair judged earlier.", nullable=True),
        Column("verdict", TEXT, "What it comes to, once settled.", among=JUDGED, nullable=True),
        Column("settled", BOOL, "Whether no further reviewer needs to look at it."),
        Column("reviewers", INT, "Reviewers whose verdict on it is in effect.", least=0),
        Column("excluded", BOOL, "Whether the synthetic film stays out because of it."),
    ),
    key=("real_id", "synthetic_id"),
)

AUDIT_PAIRS = Table(
    "audit_pairs",
    "The most similar pairs of a real and a synthetic film, with the verdict on each, once judged.",
    (
        replace(RANK, unique=True),
        Column("synthetic_id", TEXT, "Synthetic film.", matches=FILM_PATTERN),
        Column("synthetic_released", BOOL, "Whether that film is in this release."),
        replace(REAL, doc="The real film's id, where the film is here.", nullable=True),
        Column(
            "real_pixel_sha256",
            TEXT,
            "SHA-256 of the real film's pixels, where the source is public, drawn or shown here:"
            " it identifies the film to those who have it.",
            matches=HEX64,
            nullable=True,
        ),
        Column(
            "real_pixel_hmac",
            TEXT,
            "Otherwise: HMAC-SHA256 of that hash under a key that stays with the publishers."
            " With the key they can identify the film; without it no one can.",
            matches=HEX64,
            nullable=True,
        ),
        replace(SCORE, doc=f"{SCORE.doc} Rounded to whole numbers where real films go by an HMAC."),
        replace(
            COSINE, doc=f"{COSINE.doc} Rounded to two decimals where real films go by an HMAC."
        ),
        VIEW,
        PART,
        replace(
            PERCENTILE,
            doc=f"{PERCENTILE.doc} Rounded down to whole per cents where real films go by an HMAC.",
        ),
        replace(
            FLAGGED,
            doc="Whether the score is so high that chance alone hardly explains it among so many"
            " films: see the datasheet.",
        ),
        Column(
            "verdict",
            TEXT,
            "What the reviewers' verdicts come to, once settled.",
            among=JUDGED,
            nullable=True,
        ),
        Column(
            "real_image",
            IMAGE,
            "The real film, where its licence and its publishers allow.",
            nullable=True,
        ),
        Column(
            "synthetic_image",
            IMAGE,
            "The synthetic film, where it is released.",
            nullable=True,
        ),
    ),
)

KIT = Table(
    "study_kit",
    "The blinded quartets: everything that a reader may see.",
    (
        _image("The film, encoded alike for real and synthetic, without metadata."),
        Column("quartet", INT, "Quartet, from 1.", least=1),
        Column("position", INT, "Place in the quartet, from 1.", least=1),
        Column("name", TEXT, "Random name of the film.", matches=r"[0-9a-f]{16}", unique=True),
        SHA256,
    ),
    key=("quartet", "position"),
)

KEY = Table(
    "study_key",
    "What the random names stand for. Kept apart from the kit.",
    (
        *KIT.columns[1:4],
        Column(
            "source",
            TEXT,
            "real, or the name of a checkpoint or of another generator's films.",
            matches=SOURCE_PATTERN,
        ),
        Column("id", TEXT, "Film of the cohort, or synthetic film."),
    ),
    key=("source", "id"),
)

RESPONSES = Table(
    "reader_study",
    "Raw ratings of the blinded reader study, one row an image shown to a reader.",
    (
        Column("rater", TEXT, "Reader, de-identified.", matches=r"[A-Za-z0-9._-]{1,64}"),
        Column("quartet", INT, "Quartet.", least=1),
        Column("image", TEXT, "Name of the film in the kit.", matches=r"[A-Za-z0-9._-]{1,64}"),
        Column(
            "source",
            TEXT,
            "real, or the name of a checkpoint or of another generator's films.",
            matches=SOURCE_PATTERN,
        ),
        Column("rating", INT, "Likert: 1 unrealistic … 4 fully realistic.", least=1, most=4),
        Column("identified_as_real", BOOL, "Whether the reader picked this film as the real one."),
    ),
    key=("rater", "quartet", "image"),
)

RELEASE = Table(
    "default",
    "Synthetic films of the release.",
    (
        _image("The film: 8-bit grey PNG with a provenance label."),
        SYNTHETIC,
        CHECKPOINT,
        CHECKPOINT_STEP,
        BATCH,
        SEED,
        FACING,
        FLIPPED,
        WIDTH,
        HEIGHT,
        SHA256,
        PIXEL_SHA256,
        Column(
            "release_version",
            TEXT,
            "Version in which the film's shard last changed: the newest of them dates these films.",
            matches=r"\d+\.\d+\.\d+",
        ),
    ),
)

SCALE = Column(
    "millimetres_per_pixel",
    FLOAT,
    "Millimetres between neighbouring pixels, along rows and columns alike; the card says"
    " whether in the patient or at the detector. Empty of a film drawn elsewhere.",
    least=0,
    nullable=True,
)
LANDMARK_COLUMNS = (
    Column(
        "keypoints",
        PLACED_POINTS,
        "Landmarks by the names of CSXA: x to the right and y down, in pixels from the film's top"
        " left corner. placed_by: model (no person placed it) or readers (their mean)."
        " uncertainty, in pixels: of a model's point the radius that held 90 % of such points on"
        " real films; of readers' the largest distance of a reader from their mean; empty: one"
        " reader. A point that is not there was not placed. Empty: none was.",
        nullable=True,
    ),
    Column(
        "angles",
        ANGLES,
        "Measured between those points. cobb_c2_c7: degrees between the lower endplates of C2 and"
        " C7, above 0 in lordosis. sva_pixels: how far the centroid of C2 lies in front of the"
        " upper back corner of C7, below 0 behind it; sva_millimetres: the same, where the film's"
        " scale is known. Empty where a point for it is missing.",
        nullable=True,
    ),
)
LANDMARKS = Table(
    "landmarks",
    "Landmarks of the films that are released.",
    (SYNTHETIC, SHA256, *LANDMARK_COLUMNS),
)
REAL_POINTS = Table(
    "real_points",
    "Real films that came with landmarks, to test on. Not released.",
    (_image("The film after ingest."), replace(COHORT.columns[1]), LANDMARK_COLUMNS[0]),
)


def _released_label(classes: Sequence[str]) -> Column:
    """The class of a released film: its number, with the names in the features of the schema."""
    return Column(
        "label",
        INT,
        "Class that the network was asked to draw: its number, from 0; the features of this file"
        " name them. Empty of a film that was not drawn as a class.",
        nullable=True,
        classes=tuple(classes),
    )


def released_films(
    *, to_scale: bool = False, classes: Sequence[str] = (), landmarks: bool = False
) -> Table:
    """The films of a release.

    Args:
        to_scale: whether all films of checkpoints have one scale that is known.
        classes: names of the classes that films were drawn as, in order.
        landmarks: whether landmarks are released.
    """
    further = (
        *(SCALE,) * to_scale,
        *([_released_label(classes)] if classes else ()),
        *(LANDMARK_COLUMNS if landmarks else ()),
    )
    return replace(RELEASE, columns=(*RELEASE.columns, *further)) if further else RELEASE


def released_films_of(path: Path) -> Table:
    """The films of a release, as a shard's own columns and the classes that it states have them.

    Raises:
        TableError: the file is missing, or is not Parquet.
    """
    names, classes = names_of(path), classes_of(path, "label")
    return released_films(
        to_scale="millimetres_per_pixel" in names,
        classes=classes if len(classes) <= MOST_CLASSES else (),
        landmarks="keypoints" in names,
    )


TO_SCALE = released_films(to_scale=True)
WITH_LANDMARKS = released_films(landmarks=True)


def released_exclusions(classes: Sequence[str] = ()) -> Table:
    """`TOMBSTONES` of a release, with the classes that films were drawn as, if they were."""
    if not classes:
        return TOMBSTONES
    return replace(TOMBSTONES, columns=(*TOMBSTONES.columns, _released_label(classes)))


ALL = (
    COHORT,
    MANIFEST,
    SPLIT,
    LABELS,
    SAMPLES,
    COLLECTED,
    ORIENTED,
    FILMS,
    PRESCREEN,
    SCREENED,
    EXCLUSIONS,
    TOMBSTONES,
    COUNTS,
    PAIRS,
    NEAREST,
    WITHIN,
    VERDICTS,
    AUDIT_PAIRS,
    KIT,
    KEY,
    RESPONSES,
    RELEASE,
    TO_SCALE,
    LANDMARKS,
    REAL_POINTS,
    WITH_LANDMARKS,
)
