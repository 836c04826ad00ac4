"""Where a release stands: films per checkpoint and batch, reviews, and what holds it back."""

from __future__ import annotations

from typing import Any

from cxr_release.errors import CxrReleaseError
from cxr_release.files import read_json
from cxr_release.params import BATCHES, Params
from cxr_release.paths import Paths
from cxr_release.screening.consensus import apply, table_s1
from cxr_release.screening.films import read_generated
from cxr_release.screening.log import read_all
from cxr_release.screening.reasons import load_reasons

Status = dict[str, Any]


def status_of(paths: Paths, params: Params) -> Status:
    """Read where things stand from the films and the logs as they are now.

    Returns:
        `counts` (as in `data/screening/counts.json`, None before films are sampled), `reviews`
        (state of each), `release` (what lies in `data/release/`, or None), `holds_back`
        (sentences; empty when nothing does).

    Raises:
        DecisionError: a log does not verify, or is about other films.
    """
    counts = _counts(paths, params)
    reviews = {
        "screening": counts["review"]["state"] if counts else "none",
        "audit": _review(paths.audit / "audit.json"),
        "reader_study": _review(paths.study / "study.json"),
    }
    release = _release(paths)
    return {
        "counts": counts,
        "reviews": reviews,
        "release": release,
        "holds_back": list(_holds_back(counts, reviews, release)),
    }


def _counts(paths: Paths, params: Params) -> dict[str, Any] | None:
    jobs = [(number, batch) for number in params.sample.checkpoints for batch in BATCHES]
    files = [paths.oriented_table(*job) for job in jobs]
    if not all(path.exists() for path in files):
        return None
    reasons = load_reasons(paths.reasons)
    return apply(read_generated(files), read_all(paths.screening_log), reasons).counts


def _review(path: Any) -> str:
    return str(read_json(path)["review"]["state"]) if path.exists() else "none"


def _release(paths: Paths) -> dict[str, Any] | None:
    record = paths.release / "release.json"
    if not record.exists():
        return None
    try:
        found = read_json(record)
        return {
            "folder": paths.release.as_posix(),
            "name": found["name"],
            "version": found["version"],
            "counts": found["counts"],
            "source_stated": found["source"]["stated"],
            "open": f'load_dataset("{paths.release.as_posix()}")',
        }
    except (ValueError, KeyError, TypeError) as error:
        raise CxrReleaseError(
            f"is no record of a release: {error!r}",
            where=str(record),
            remedy="run `dvc repro --force package`",
        ) from error


def _holds_back(
    counts: dict[str, Any] | None, reviews: dict[str, str], release: dict[str, Any] | None
) -> Any:
    if counts is None:
        yield "no films yet: run `dvc repro`"
        return
    undecided = counts["total"]["undecided"]
    if undecided:
        yield (
            f"{undecided:,} of {counts['total']['generated']:,} films have no decision:"
            " `make review` lays them out"
        )
    if reviews["audit"] == "none":
        yield "nobody has looked at the most similar pairs: data/audit/pairs.png"
    if reviews["reader_study"] == "none":
        yield "no reader has rated the blinded quartets: data/study/kit.parquet"
    if release is None:
        yield "nothing is packaged: run `dvc repro`"
        return
    if release["counts"]["total"]["released"] != counts["total"]["released"]:
        yield "the packaged release is older than the decisions: run `dvc repro`"
    if not release["source_stated"]:
        yield "nobody has said where the films come from: release.source_* in params.yaml"


def text_of(status: Status) -> str:
    """The status for people."""
    counts, release = status["counts"], status["release"]
    lines = []
    if counts:
        lines += [table_s1(counts)]
    states = [f"{name.replace('_', ' ')} {state}" for name, state in status["reviews"].items()]
    lines.append(f"reviews    {', '.join(states)}")
    lines += [f"to do      {sentence}" for sentence in status["holds_back"]]
    if release:
        name = f"{release['name']} {release['version']}"
        released = release["counts"]["total"]["released"]
        lines += [
            f"dataset    {name}: {released:,} films in {release['folder']}",
            f"to open    from datasets import load_dataset; films = {release['open']}",
        ]
    return "\n".join(lines)
