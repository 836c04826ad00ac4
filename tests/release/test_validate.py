from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image, PngImagePlugin

from cxr_release import schemas, tables, workers
from cxr_release.errors import ReleaseError
from cxr_release.films import png
from cxr_release.params.project import Params
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.validate import validate
from tests.support.breaking import Break, faults_of, rejson, rewrite, set_json, set_row
from tests.support.release_artefacts import (
    SIZE,
    film,
    oriented_row,
    write_inputs,
    write_study,
)

FIRST = "checkpoint-1-initial-00000"


def with_film(row: dict[str, Any], pixels: png.Film, data: bytes | None = None) -> None:
    data = data or png.encode(pixels, synthetic=True)
    row.update(image=png.cell(data, row["id"]), **png.facts(pixels, data))


def put_film(inputs: ReleaseInputs, pixels: png.Film, data: bytes | None = None) -> None:
    """Give the first film other pixels or bytes, and screen those."""
    table = inputs.table(("checkpoint-1", "initial"))
    rewrite(table, schemas.ORIENTED, lambda rows: with_film(rows[0], pixels, data))
    sha = tables.read_rows(table, schemas.ORIENTED)[0]["sha256"]
    rewrite(
        inputs.screening / "screened.parquet",
        schemas.SCREENED,
        lambda rows: rows[0].update(sha256=sha),
    )


def set_film(column: str, value: Any) -> Callable[[ReleaseInputs], None]:
    def change(inputs: ReleaseInputs) -> None:
        path = inputs.table(("checkpoint-1", "initial"))
        rewrite(path, schemas.ORIENTED, lambda rows: rows[0].update({column: value}))

    return change


def encoded(pixels: png.Film, info: PngImagePlugin.PngInfo | None = None) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG", pnginfo=info)
    return stream.getvalue()


def colour(inputs: ReleaseInputs) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (SIZE, SIZE)).save(stream, format="PNG")
    cell = png.cell(stream.getvalue(), FIRST)
    set_film("image", cell)(inputs)


def truncated(inputs: ReleaseInputs) -> None:
    data = oriented_row(1, "initial", 0)["image"]["bytes"]
    set_film("image", png.cell(data[:-30], FIRST))(inputs)


def unlabelled(inputs: ReleaseInputs) -> None:
    put_film(inputs, film(5), png.encode(film(5), synthetic=False))


def more_metadata(inputs: ReleaseInputs) -> None:
    labelled = png.encode(film(5), synthetic=True)
    put_film(inputs, film(5), labelled + b"trailing")


def other_size(inputs: ReleaseInputs) -> None:
    put_film(inputs, np.arange(512, dtype=np.uint8).reshape(16, 32))


def blank(inputs: ReleaseInputs) -> None:
    put_film(inputs, np.full((SIZE, SIZE), 128, np.uint8))


def real(inputs: ReleaseInputs) -> None:
    put_film(inputs, film(90_001))


def same_pixels(inputs: ReleaseInputs) -> None:
    put_film(inputs, film(1002))


def same_id(inputs: ReleaseInputs) -> None:
    path = inputs.table(("checkpoint-1", "large"))
    rewrite(path, schemas.ORIENTED, lambda rows: [*rows[:-1], oriented_row(1, "initial", 0)])


def other_order(inputs: ReleaseInputs) -> None:
    rewrite(inputs.table(("checkpoint-1", "initial")), schemas.ORIENTED, lambda rows: rows[::-1])


def one_film_more(inputs: ReleaseInputs) -> None:
    path = inputs.table(("checkpoint-1", "initial"))
    more = oriented_row(1, "initial", 3)
    rewrite(path, schemas.ORIENTED, lambda rows: [*rows, more])


def no_oriented_table(inputs: ReleaseInputs) -> None:
    inputs.table(("checkpoint-3", "large")).unlink()


def unscreened(inputs: ReleaseInputs) -> None:
    path = inputs.screening / "screened.parquet"
    rewrite(path, schemas.SCREENED, lambda rows: rows[1:])


def released_though_excluded(inputs: ReleaseInputs) -> None:
    path = inputs.screening / "screened.parquet"
    rewrite(path, schemas.SCREENED, lambda rows: rows[1].update(released=True))


def left_out_without_reason(inputs: ReleaseInputs) -> None:
    path = inputs.screening / "exclusions.parquet"
    rewrite(path, schemas.EXCLUSIONS, lambda rows: rows[1:])


def nothing_released(inputs: ReleaseInputs) -> None:
    path = inputs.screening / "screened.parquet"
    rewrite(path, schemas.SCREENED, lambda rows: [row | {"released": False} for row in rows])


def unknown_checkpoint(inputs: ReleaseInputs) -> None:
    table = inputs.table(("checkpoint-1", "initial"))
    other = inputs.table(("checkpoint-2", "initial"))
    other.parent.mkdir()
    other.write_bytes(table.read_bytes())


def no_such_column(inputs: ReleaseInputs) -> None:
    path = inputs.screening / "screened.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["decided"]), path)


def wrong_value(inputs: ReleaseInputs) -> None:
    path = inputs.screening / "exclusions.parquet"
    table = pq.read_table(path)
    place = table.schema.get_field_index("reason")
    reasons = ["Bad Code", *table["reason"].to_pylist()[1:]]
    pq.write_table(table.set_column(place, "reason", [reasons]), path)


def no_parquet(inputs: ReleaseInputs) -> None:
    (inputs.audit / "pairs.parquet").write_bytes(b"PAR1 and no more")


def no_json(inputs: ReleaseInputs) -> None:
    (inputs.screening / "counts.json").write_text("{", encoding="utf-8")


def untrue_cohort(inputs: ReleaseInputs) -> None:
    for path in (inputs.cohort / "cohort.parquet", inputs.split / "trained.parquet"):
        rewrite(path, schemas.COHORT, lambda rows: rows[0].update(pixel_sha256="0" * 64))


def rate(place: int = 0, **values: Any) -> Break:
    """A study with a reader, one of whose ratings is otherwise than it was."""

    def change(inputs: ReleaseInputs) -> None:
        write_study(inputs.kit, inputs.study, rated=True)
        path = inputs.study / "responses.parquet"
        rewrite(path, schemas.RESPONSES, lambda rows: rows[place].update(values))

    return change


def state(key: str, value: object) -> Break:
    """A study with a reader, whose summary says something else."""

    def change(inputs: ReleaseInputs) -> None:
        write_study(inputs.kit, inputs.study, rated=True)
        *path, last = key.split(".")

        def edit(document: dict[str, Any]) -> None:
            for name in path:
                document = document[name]
            document[last] = value

        rejson(inputs.study / "study.json", edit)

    return change


def two_sources(inputs: ReleaseInputs) -> None:
    """A second reader, to whom the first two films of a quartet are each other's source."""
    write_study(inputs.kit, inputs.study, rated=True)

    def edit(rows: list[dict[str, Any]]) -> None:
        second = [row | {"rater": "rater-2"} for row in rows]
        second[0]["source"], second[1]["source"] = second[1]["source"], second[0]["source"]
        rows.extend(second)

    rewrite(inputs.study / "responses.parquet", schemas.RESPONSES, edit)


def no_figure(inputs: ReleaseInputs) -> None:
    write_study(inputs.kit, inputs.study, rated=True)
    (inputs.study / "realism.svg").unlink()


def broken_quartet(inputs: ReleaseInputs) -> None:
    rewrite(inputs.kit, schemas.KIT, lambda rows: rows[1:])


ZEROS = "0" * 64
RULES: dict[str, tuple[Break, str]] = {
    "hash of the bytes": (set_film("sha256", ZEROS), "column sha256: is 000"),
    "hash of the pixels": (set_film("pixel_sha256", ZEROS), "column pixel_sha256: is 000"),
    "width": (set_film("width", 17), "column width: is 17, the film's is 16"),
    "height": (set_film("height", 17), "column height: is 17, the film's is 16"),
    "mode": (colour, "is not an 8-bit grey PNG"),
    "whole picture": (truncated, "is not a whole PNG"),
    "empty cell": (set_film("image", png.cell(b"", FIRST)), "column image: holds no film"),
    "name in the cell": (
        set_film("image", oriented_row(1, "initial", 0)["image"] | {"path": "/home/a/x.png"}),
        "column image: is named otherwise than the film",
    ),
    "label": (unlabelled, "carries no provenance label"),
    "other metadata": (more_metadata, "is not a whole PNG"),
    "size": (other_size, "is 32 × 16 pixels, expected 16 × 16"),
    "blank": (blank, "is blank: exclude it with reason blank-or-noise"),
    "real": (real, "has the pixels of a film of the cohort"),
    "same pixels": (same_pixels, f"has the same pixels as {FIRST}"),
    "same seed": (set_film("seed", 2**62 + 1002), f"has the seed of {FIRST}"),
    "step": (set_film("checkpoint_step", 151), "column checkpoint_step: is 151, expected 150"),
    "checkpoint": (set_film("checkpoint", 2), "column checkpoint: is 2, expected 1"),
    "batch": (set_film("batch", "large"), "column batch: is 'large', expected 'initial'"),
    "id of another job": (same_id, "column id: is a duplicate"),
    "order": (other_order, "films are not in the order of batch and index"),
    "more films than asked": (one_film_more, "is beyond the 3 films of this batch"),
    "missing job": (no_oriented_table, "checkpoint-3-large/00000.parquet: no such table"),
    "ghost of a checkpoint": (unknown_checkpoint, "is of no source and batch in"),
    "not screened": (unscreened, f"{FIRST} was generated and is not listed"),
    "screened other bytes": (
        set_row("screening", "screened", schemas.SCREENED, sha256=ZEROS),
        f"{FIRST}, column sha256: does not match the film's SHA-256",
    ),
    "screened under another batch": (
        set_row("screening", "screened", schemas.SCREENED, checkpoint=3),
        f"{FIRST}: stands under another source or batch",
    ),
    "screened no film": (
        set_row("screening", "screened", schemas.SCREENED, id="checkpoint-1-initial-00099"),
        "checkpoint-1-initial-00099: is not a generated film",
    ),
    "excluded other bytes": (
        set_row("screening", "exclusions", schemas.EXCLUSIONS, sha256=ZEROS),
        "checkpoint-1-initial-00001, column sha256: does not match the film",
    ),
    "excluded no film": (
        set_row("screening", "exclusions", schemas.EXCLUSIONS, id="checkpoint-1-initial-00099"),
        "checkpoint-1-initial-00099: is not a generated film",
    ),
    "released though excluded": (released_though_excluded, "is excluded and yet released"),
    "excluded by nobody": (
        set_row("screening", "exclusions", schemas.EXCLUSIONS, reviewers=0),
        "row 1 (checkpoint-1-initial-00001): is excluded by nobody",
    ),
    "left out without reason": (left_out_without_reason, "is left out without a reason"),
    "nothing released": (nothing_released, "no film is released"),
    "count of a batch": (
        set_json("screening", "counts", "rows", 0, "generated", value=4),
        "checkpoint 1, initial, generated: says 4, the tables say 3",
    ),
    "count in total": (
        set_json("screening", "counts", "total", "released", value=12),
        "total, released: says 12, the tables say 13",
    ),
    "counts that do not close": (
        left_out_without_reason,
        "total: does not close: 16 − 2 ≠ 13",
    ),
    "reasons": (
        set_json("screening", "counts", "total", "by_reason", value={"other": 3}),
        "total, by_reason: says {'other': 3}, the tables say",
    ),
    "batch not counted": (
        lambda inputs: rejson(inputs.screening / "counts.json", lambda one: one["rows"].pop()),
        "checkpoint 3, large is missing",
    ),
    "batch counted too much": (
        lambda inputs: rejson(
            inputs.screening / "counts.json",
            lambda one: one["rows"].append(one["rows"][0] | {"checkpoint": 2}),
        ),
        "checkpoint 2, initial is not in sample.checkpoints",
    ),
    "counts of another form": (
        set_json("screening", "counts", "rows", value=[{"checkpoint": "one"}]),
        "rows.0.batch: field required",
    ),
    "state of the review": (
        set_json("screening", "counts", "review", "state", value="complete"),
        "state: says 'complete', its numbers say 'partial'",
    ),
    "reviewers": (
        set_json("screening", "counts", "review", "reviewers", value=0),
        "reviewers: says 0, and 1 decided on one film",
    ),
    "how many decided": (
        set_json("screening", "counts", "review", "films_by_reviewers", value={"0": 0, "1": 16}),
        "films_by_reviewers: says {'0': 0, '1': 16}, the tables say {'0': 13, '1': 3}",
    ),
    "looked at": (
        set_json("screening", "counts", "review", "looked_at", value=16),
        "looked_at: says 16, the tables say 3",
    ),
    "decisions": (
        set_json("screening", "counts", "review", "decisions", "terminal", value=480),
        "decisions in all: says 483, films_by_reviewers say 3",
    ),
    "each": (
        set_json("screening", "counts", "review", "each", value=[]),
        "reviewers: says 1, its people say 0",
    ),
    "undecided": (
        set_json("screening", "counts", "review", "undecided", value=0),
        "review: undecided: says 0, the tables say 13",
    ),
    "missing column": (no_such_column, "column decided: missing column"),
    "wrong value": (wrong_value, "'Bad Code' fails"),
    "no Parquet": (no_parquet, "not a readable Parquet file"),
    "no JSON": (no_json, "counts.json: is not JSON"),
    "missing key": (
        lambda inputs: rejson(inputs.audit / "audit.json", lambda one: one.pop("encoder")),
        "audit.json: encoder: field required",
    ),
    "hash in the cohort": (untrue_cohort, "cohort.parquet: row 1, column pixel_sha256: is 000"),
    "quartets": (
        set_json("study", "study", "quartets", value=3),
        "key quartets: says 3, the films of the kit say 2",
    ),
    "ratings": (
        set_json("study", "study", "ratings", value=4),
        "key ratings: says 4, the tables say 0",
    ),
    "whole quartets": (broken_quartet, "5 films of the kit are not whole quartets"),
    "rated film": (rate(image="unknown"), "row 1, column image: is not in that quartet"),
    "rated source": (
        rate(source="checkpoint-2"),
        "column source: holds checkpoint-1, checkpoint-2, checkpoint-3, real; this release",
    ),
    "two picks": (
        rate(1, identified_as_real=True),
        "reader rater-1 picks 2 films as the real one in quartet(s) 1",
    ),
    "rated twice from one source": (
        rate(2, source="checkpoint-1"),
        "quartet 1 has films of",
    ),
    "two sources": (two_sources, "has the sources checkpoint-1, real"),
    "correct": (
        state("analysis.identification.correct", 2),
        "identification.correct: says 2, the ratings say 1",
    ),
    "accuracy": (
        state("analysis.identification.accuracy", 0.25),
        "identification.accuracy: says 0.25, the ratings say 0.5",
    ),
    "chance": (
        state("analysis.identification.chance", 0.25),
        "identification.chance: says 0.25, the ratings say 0.33",
    ),
    "mean": (rate(3, rating=1), "realism.real.mean: says 2.5, the ratings say 1.0"),
    "smallest p": (
        state("analysis.realism.checkpoint-1.smallest_p", 0.0625),
        "realism.checkpoint-1.smallest_p: says 0.0625, the ratings say 1.0",
    ),
    "exact p": (
        state("analysis.realism.checkpoint-1.p_exact", 0.0369),
        "checkpoint-1.p_exact: says 0.0369, the ratings say 1.0",
    ),
    "analysis of nothing": (
        set_json("study", "study", "analysis", value={"raters": 3}),
        "key analysis: is of ratings that are not there",
    ),
    "no analysis": (state("analysis", None), "key analysis: says None, the ratings say {"),
    "study's state": (
        state("review.state", "complete"),
        "review: key state: says 'complete', the ratings say 'partial'",
    ),
    "no figure": (no_figure, "realism.svg: no such file"),
}


ALONE = {
    "hash of the pixels", "width", "height", "name in the cell", "label", "other metadata",
    "blank", "real", "same pixels", "same seed", "step", "ghost of a checkpoint",
    "screened other bytes", "excluded other bytes", "count of a batch", "count in total",
    "reasons", "state of the review", "undecided", "no JSON", "missing key",
    "hash in the cohort", "quartets", "ratings", "whole quartets", "rated film", "correct",
    "accuracy", "chance", "smallest p", "exact p", "no analysis", "study's state", "no figure",
}  # fmt: skip
"""Rules that can be broken without breaking another one."""


def test_sound_films_pass_and_every_rule_says_to_how_many_things_it_was_applied(
    inputs: ReleaseInputs, params: Params
) -> None:
    checked = validate(inputs, params)
    assert checked["rules"]["films decoded and held against their row"] == 16
    assert checked["rules"]["released films held against each other and against the cohort"] == 13
    assert checked["tables"]["study-kit/kit.parquet"] == 6
    assert all(things > 0 for things in checked["rules"].values())


def test_a_study_with_ratings_passes(tmp_path: Path, params: Params) -> None:
    checked = validate(write_inputs(tmp_path, rated=True), params)
    assert checked["rules"]["ratings held against the kit"] == 6


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_names_its_fault(inputs: ReleaseInputs, params: Params, rule: str) -> None:
    broken, expected = RULES[rule]
    broken(inputs)
    faults = faults_of(inputs, params)
    assert [fault for fault in faults if expected in fault], "\n".join(faults)
    assert len(faults) == 1 or rule not in ALONE, "\n".join(faults)


def test_all_faults_are_reported_at_once(inputs: ReleaseInputs, params: Params) -> None:
    alone = ["blank", "hash in the cohort", "undecided", "ratings", "quartets"]
    for rule in alone:
        RULES[rule][0](inputs)
    with pytest.raises(ReleaseError) as caught:
        validate(inputs, params)
    assert len(caught.value.faults) == len(alone)
    for rule in alone:
        assert RULES[rule][1] in str(caught.value)


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor: no other process")
def test_processes_of_one_machine_find_what_one_finds(
    inputs: ReleaseInputs, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its order, and of as many films."""
    monkeypatch.setattr(workers, "WORTH_PROCESSES", 0)
    with workers.workers(inputs.tables(params.sample.jobs)) as crew:
        assert validate(inputs, params, crew=crew) == validate(inputs, params)
        for rule in ("whole picture", "blank", "hash in the cohort", "same pixels"):
            RULES[rule][0](inputs)
        found = []
        for one_or_more in (workers.ALONE, crew):
            with pytest.raises(ReleaseError) as caught:
                validate(inputs, params, crew=one_or_more)
            found.append(caught.value.faults)
    assert found[0] == found[1]
    assert len(found[0]) >= 2


def test_an_excluded_film_may_be_blank_or_a_copy(inputs: ReleaseInputs, params: Params) -> None:
    path = inputs.table(("checkpoint-1", "initial"))
    for pixels in (np.zeros((SIZE, SIZE), np.uint8), film(90_001)):
        rewrite(path, schemas.ORIENTED, lambda rows, new=pixels: with_film(rows[1], new))
        sha = tables.read_rows(path, schemas.ORIENTED)[1]["sha256"]
        for name, kind, row in (
            ("screened", schemas.SCREENED, 1),
            ("exclusions", schemas.EXCLUSIONS, 0),
        ):
            rewrite(
                inputs.screening / f"{name}.parquet",
                kind,
                lambda rows, row=row, sha=sha: rows[row].update(sha256=sha),
            )
        validate(inputs, params)


def test_a_batch_that_stopped_early_is_no_fault(inputs: ReleaseInputs, params: Params) -> None:
    validate(inputs, replace(params, sample=replace(params.sample, large=500)))
