"""The Python API: what people would script, each function as the command of the same name.

`import cxr_release; cxr_release.verify("data/release")`. These functions need no project: no
params.yaml, no DVC. What they return is what the commands print with `--json`. Everything else in
the package may change with any version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

__all__ = ["analyze", "audit", "ingest", "score", "verify"]

Films = str | Path | Sequence[str | Path]
"""A folder of films or an image table (Parquet, with a column `image`), or several of them."""


def ingest(
    source: str | Path,
    output: str | Path,
    *,
    size: int | tuple[int, int] = 256,
    fit: Literal["stretch", "pad", "physical"] = "stretch",
    millimetres: float | None = None,
    field: Literal["whole", "exposed"] = "whole",
    on_error: Literal["stop", "skip"] = "stop",
    facts: Mapping[str, Literal["number", "code"]] | None = None,
    least_patients: int | None = None,
    key: str | Path | None = None,
    phantoms: int = 600,
    phantom_borders: Literal["none", "bright", "dark", "mixed"] = "none",
    seed: int = 2026,
    dicom: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> dict[str, Any]:
    """Bring every film of a folder into one form: 8-bit grey PNG of one size, bone bright.

    Args:
        source: a folder of PNG, JPEG, TIFF or DICOM of any depth, or `phantoms`.
        output: folder to write `cohort.parquet`, `manifest.parquet` and `summary.json` into.
        size: pixels of each side, 16 to 2048, a multiple of 8; or width and height.
        fit: `stretch`, `pad` to keep proportions, or `physical` to bring all films to one scale.
        millimetres: with `physical`, what the longer side of a film shows.
        field: `whole`, or `exposed` to cut off borders of collimators and shutters.
        on_error: `stop` at files that are not films, or `skip` them.
        facts: what else is taken in of the films: column of `patients.csv`, or fact of the file,
            and whether it is a number or a code.
        least_patients: who must share a value that is kept; None: 10.
        key: file of the key behind the films' opaque ids; made where there is none. None: ids
            that no other run gives again.
        phantoms: films to draw where `source` is `phantoms`.
        phantom_borders: around them, as collimators leave them.
        seed: of the phantoms.
        dicom: which DICOM films are asked for, as `ingest.dicom` of params.yaml: `modality`,
            `body_part`, `view`, `laterality`, `burned_in`, `frames`. None: CR and DX.
        progress: show bars on stderr.

    Returns:
        What `summary.json` holds: numbers of files, films, patients and faults.

    Raises:
        SourceError: files are not films and `on_error` is `stop`, or none is one; names them all.
        ParamsError: a setting is out of range.
    """
    from cxr_release.films.film_key import keep_key
    from cxr_release.params.films import DicomParams, IngestParams
    from cxr_release.params.limits import LEAST_PATIENTS
    from cxr_release.radiographs.ingest import ingest as take_in
    from cxr_release.settings import checked

    values: dict[str, Any] = {
        "source": str(source),
        "phantoms": phantoms,
        "phantom_borders": phantom_borders,
        "size": size,
        "fit": fit,
        "millimetres": millimetres,
        "field": field,
        "facts": facts or {},
        "least_patients": LEAST_PATIENTS if least_patients is None else least_patients,
        "dicom": None if dicom is None else _lists(asdict(DicomParams()) | dict(dicom)),
    }
    return take_in(
        str(source),
        Path(output),
        settings=checked(IngestParams, values | {"on_error": on_error}),
        seed=seed,
        key=keep_key(Path(key)) if key else None,
        progress=progress,
    )


def _lists(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as YAML gives them: tuples as lists."""
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
    }


def audit(
    real: Films,
    synthetic: Films,
    output: str | Path,
    *,
    split: str | Path | None = None,
    seed: int = 0,
    **settings: Any,
) -> dict[str, Any]:
    """Search two sets of films for near-copies, exactly, and measure what that search finds.

    Args:
        real: films that a model learnt from, and others of their kind, as `split` says.
        synthetic: films to search.
        output: folder for `audit.json`, the tables of pairs and the figures. It holds real films,
            and is readable for this user alone.
        split: Parquet or CSV with `id`, `part` and, where known, `patient` of each real film: the
            baseline against chance. Parts are `tuning`, `held_out` and `control`: films that the
            model never saw. These are not searched, but compared as synthetic ones are.
        seed: of the planted copies.
        settings: keys of the section `audit` of params.yaml: `top`, `plants`, `encoder`,
            `weights`, `weights_sha256`, `recall`, …

    Returns:
        What `audit.json` holds. Films that could not be read are named in it, with their faults:
        a set with any is not shown to be free of copies.

    Raises:
        SourceError: a set cannot be opened, or holds no films.
        ParamsError: a setting is unknown or out of range.
    """
    from cxr_release import schemas, tables
    from cxr_release.files import private
    from cxr_release.films.film_set import open_films
    from cxr_release.memorization.audit import audit as search
    from cxr_release.params.measures import AuditParams
    from cxr_release.settings import checked

    parameters = checked(AuditParams, asdict(AuditParams()) | settings)
    rows = tables.read_foreign(Path(split), schemas.SPLIT).to_pylist() if split else []
    patients = {row["id"]: row["patient"] for row in rows if row["patient"]}
    with private(Path(output)):
        return search(
            replace(open_films(_paths(real), "real"), stated=patients),
            open_films(_paths(synthetic), "synthetic"),
            {row["id"]: row["part"] for row in rows} if split else None,
            Path(output),
            settings=parameters,
            seed=seed,
        )


def score(
    train: Films,
    held_out: Films | None,
    synthetic: Films,
    output: str | Path,
    *,
    patients: str | Path | None = None,
    labels: str | Path | None = None,
    checkpoints: Sequence[str | Path] = (),
    reference: str | Path | None = None,
    split: str | Path | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Score synthetic films: is anybody in them, are they good for anything, whom do they miss?

    Args:
        train: films that the generator learnt from.
        held_out: control films: of other patients, through the same ingest, that no run saw. None
            where there are none; then privacy and utility are not measurable.
        synthetic: the films to score; several sets are told apart as checkpoints are.
        output: folder for `scorecard.json` and its pictures, which name no film and no patient.
        patients: CSV with `file` (or id) and `patient` of each film of `train` and `held_out`,
            where no `patients.csv` lies beside them. Further columns make groups of films.
        labels: JSON or CSV of landmarks, classes or numbers of films; see
            `scorecard.utility.labels`.
        checkpoints: folders of checkpoints whose networks are attacked.
        reference: checkpoint, or run, that did not learn from the members; None: no calibration.
        split: Parquet or CSV with `id` and `part` of each film of `train`: members are those of the
            part `held_out`, which the reference did not see. None: all are.
        settings: keys of the section `score` of params.yaml, such as `learner`.

    Returns:
        What `scorecard.json` holds, and `unreadable`: `trained`, `control` and `released` → films
        that could not be read, with their faults. Such films are in no number.

    Raises:
        SourceError: a set cannot be opened, or a patient or a picture is both in `train` and in
            `held_out`; names them all.
        ParamsError: a setting is unknown or out of range.
        CxrReleaseError: a checkpoint, labels or a file of weights are refused.
    """
    from cxr_release.scorecard.score import Beside, settings_of
    from cxr_release.scorecard.score import score as measure

    card = measure(
        _paths(train),
        [] if held_out is None else _paths(held_out),
        _paths(synthetic),
        Path(output),
        beside=Beside(
            patients=_path(patients),
            labels=_path(labels),
            checkpoints=[Path(folder) for folder in checkpoints],
            reference=_path(reference),
            split=_path(split),
        ),
        settings=settings_of(settings),
    )
    return {**card.report, "unreadable": card.unreadable}


def analyze(
    responses: str | Path,
    *,
    seed: int = 0,
    figures: str | Path | None = None,
    real: str = "real",
    **settings: Any,
) -> dict[str, Any]:
    """Analyse the ratings of a blinded reader study as the paper did.

    Args:
        responses: CSV with `rater,quartet,image,source,rating,identified_as_real`: every reader
            rated every film from 1 to 4, and picked one film of each quartet.
        seed: of the bootstrap.
        figures: folder for the figures, SVG and PNG.
        real: what the file calls the source of the real films.
        settings: keys of the section `study` of params.yaml: `margin` (Likert points),
            `accuracy_margin`, `bootstrap` (draws).

    Returns:
        What `study.json` holds: identification against chance, Fleiss' kappa, paired Wilcoxon
        tests with Holm's correction, equivalence, power.

    Raises:
        ReaderStudyError: with every fault of the file; then nothing is written.
        ParamsError: a setting is unknown or out of range.
    """
    from cxr_release.params.people import StudyParams
    from cxr_release.reader_study.analysis import analyze_file
    from cxr_release.settings import checked

    return analyze_file(
        Path(responses),
        checked(StudyParams, asdict(StudyParams()) | settings),
        seed=seed,
        figures=Path(figures) if figures else None,
        real=real,
    )


def verify(
    release: str | Path,
    *,
    records: bool = False,
    signer: str | Path | None = None,
    model: bool = False,
    raises: bool = False,
) -> Mapping[str, Any]:
    """Check that a release is what it says of itself: hashes, films, counts, numbers, documents.

    Args:
        release: a release folder, or `ORG/NAME@TAG` on the Hugging Face Hub.
        records: also read every record through croissant.json, as mlcroissant does.
        signer: file of public keys, as `allowed_signers` of OpenSSH or plain ones, one of which
            must have signed the release.
        model: whether `ORG/NAME@TAG` is a released network; of a folder that shows.
        raises: raise where there is a difference.

    Returns:
        `name`, `version`, `checked` (rule → number of things that it was applied to), `signature`
        (`state`, `key`, `signers`), `notes` (sentences on what could not be checked) and
        `differences` (`where`, `what`, `remedy`): none where the release is what it says.

    Raises:
        ReleaseError: there is no such release, the Hub does not answer, or `signer` is not a file
            of public keys; and, with `raises`,
            where there is a difference: names them all.
    """
    from cxr_release.publishing.fetch import open_release
    from cxr_release.release.signatures.signers import read_signers
    from cxr_release.release.verify import require_true
    from cxr_release.release.verify import verify as check

    signers = None if signer is None else read_signers(Path(signer))
    with open_release(str(release), kind="model" if model else "dataset") as folder:
        report = check(folder, records=records, signers=signers)
    if raises:
        require_true(report)
    return report


def _paths(films: Films) -> list[Path]:
    return [Path(films)] if isinstance(films, str | Path) else [Path(path) for path in films]


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)
