"""What a release shows of the audited pairs, and of the films in them."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from cxr_release import schemas, tables
from cxr_release.errors import ReleaseError, SourceError
from cxr_release.files import read_json, write_json
from cxr_release.films import png
from cxr_release.films.film_key import read_key
from cxr_release.memorization.tail import tail_of
from cxr_release.params.project import Params
from cxr_release.release.checks.memorization import check_threshold
from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.disclosure import (
    OFF,
    SCORE_OFF,
    coarse_audit,
    coarse_cosine,
    coarse_percentile,
    coarse_score,
    is_shareable,
)
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.package import package
from cxr_release.release.record import Calibration
from cxr_release.release.verify import verify
from tests.support.audit_artefacts import LOW, PAIRED, STEMS, THRESHOLD, audit_report, write_audit
from tests.support.card_rules import written
from tests.support.release_artefacts import (
    REASONS,
    cohort_row,
    files_of,
    film,
    make_release,
    make_release_of,
    of_a_house,
    oriented_row,
    small_params,
    write_inputs,
)

PAIRS = "audit_pairs/train-00000-of-00001.parquet"


def pairs_of(release: Path) -> list[dict[str, Any]]:
    return list(tables.iterate(release / PAIRS, schemas.AUDIT_PAIRS))


def showing(params: Params, **release: str) -> Params:
    """Parameters that ask for real films; of a folder of films where a licence is given."""
    asked = replace(params, audit=replace(params.audit, publish_real_images=True))
    if not release:
        return asked
    local = replace(params.ingest, source="data/raw")
    return replace(asked, ingest=local, release=replace(params.release, **release))


def test_pairs_name_real_films_by_their_pixels_alone(tmp_path: Path, params: Params) -> None:
    pairs = pairs_of(make_release(tmp_path, params, verdicts={1: "copy", 2: "not-a-copy"}))
    hashes = [png.pixel_sha256(film(90_000 + place)) for place in range(3)]
    assert [pair["real_pixel_sha256"] for pair in pairs] == hashes
    assert [pair["synthetic_id"] for pair in pairs] == list(PAIRED)
    assert [pair["synthetic_released"] for pair in pairs] == [False, True, True]
    assert [pair["verdict"] for pair in pairs] == ["copy", "not-a-copy", None]
    assert [pair["view"] for pair in pairs] == ["mirrored", "plain", "plain"]
    assert [pair["flagged"] for pair in pairs] == [True, False, False]
    assert [pair["percentile"] for pair in pairs] == [90, 77.5, 65]
    assert [pair["part"] for pair in pairs] == ["whole", "left", "whole"]
    assert not {"p", "turn", "scale", "right", "down"} & pairs[0].keys()
    for pair in pairs:
        assert pair["real_id"] is pair["real_image"] is None
    # Released films are shown: they are in the release anyway.
    assert [pair["synthetic_image"] for pair in pairs] == [
        None, *(oriented_row(1, "initial", index)["image"] for index in (0, 2)),
    ]  # fmt: skip


def test_no_hash_of_a_film_that_is_not_public_goes_out(tmp_path: Path, params: Params) -> None:
    """Whoever holds a patient's film must not be able to see that it was learnt from."""
    release = make_release(tmp_path, of_a_house(params), verdicts={1: "copy"})
    key = read_key(tmp_path / "artefacts/film-key")
    hashes = [png.pixel_sha256(film(90_000 + place)) for place in range(3)]
    pairs = pairs_of(release)
    assert [pair["real_pixel_hmac"] for pair in pairs] == [key.pixels(digest) for digest in hashes]
    assert {pair["real_pixel_sha256"] for pair in pairs} == {None}
    # Nothing that can be computed from one film alone: its pixels, its PNG, either in hex or not.
    for place in range(3):
        row = cohort_row(place)
        for one in (hashes[place], row["sha256"], key.fingerprint):
            for needle in (one.encode(), bytes.fromhex(one), one.upper().encode()):
                for name, data in files_of(release).items():
                    assert needle not in data, (name, one)
    record = read_json(release / "release.json")
    source = record["source"]
    assert (source["public"], source["films_named_by"]) == (False, "hmac")
    # How near it is to a released film, or to its own altered copy, who has it can compute, too.
    assert [pair["score"] for pair in pairs] == [9, 8, 6]
    assert [pair["cosine"] for pair in pairs] == [0.9, 0.94, 0.65]
    assert [pair["percentile"] for pair in pairs] == [90, 77, 65]  # down: 100 is more than all
    audit = record["metrics"]["audit"]
    calibration, within = audit["calibration"], audit["within"]
    scores = [calibration["threshold"], calibration["tail"]["start"], *audit["score"].values()]
    scores += [calibration["nearer_than_5_percent"]["score"]]
    for films in ("synthetic", "source", "held_out"):
        scores += calibration[films]["score"].values()
    assert scores == [round(score) for score in scores]
    cosines = [audit["alike"], *audit["cosine"].values()]
    cosines += [row["median_cosine"] for row in audit["power"]]
    cosines += [calibration["tail"][name] for name in ("mean_excess", "most_excess")]
    for films in ("real", "synthetic"):  # the search has learnt from the real ones
        cosines += [within[films]["highest"], *within[films]["cosine"].values()]
    assert cosines == [round(cosine, 2) for cosine in cosines]
    card = written(release)
    assert "scores are rounded to whole numbers here, cosines to two decimals" in card
    # Which pairs reach the threshold, rounded scores do not tell.
    assert "**Flagged**, with a score of 8 (rounded) or more: 1 of 16 generated films" in card
    assert "`real_pixel_hmac` is an HMAC of their pixels" in card
    assert "finds a pair's film by" not in card
    assert "an HMAC of their pixels" in (release / "croissant.json").read_text()
    assert verify(release)["differences"] == []


def test_films_of_a_public_source_go_by_their_hash(tmp_path: Path, params: Params) -> None:
    release = make_release(tmp_path, of_a_house(params, source_public=True))
    hashes = [png.pixel_sha256(film(90_000 + place)) for place in range(3)]
    pairs = pairs_of(release)
    assert [pair["real_pixel_sha256"] for pair in pairs] == hashes
    assert {pair["real_pixel_hmac"] for pair in pairs} == {None}
    assert [pair["score"] for pair in pairs] == [9, 7.75, 6.5]
    assert [pair["cosine"] for pair in pairs] == [0.9, 0.9375, 0.65]
    source = read_json(release / "release.json")["source"]
    assert (source["public"], source["films_named_by"]) == (True, "sha256")
    assert "finds a pair's film by `real_pixel_sha256`" in written(release)
    assert verify(release)["differences"] == []


def test_without_the_cohort_s_key_nothing_goes_out(
    tmp_path: Path, params: Params, inputs: ReleaseInputs
) -> None:
    inputs.film_key.write_text(f"{bytes(32).hex()}\n")
    with pytest.raises(ReleaseError, match="is another key than the one behind"):
        make_release_of(inputs, of_a_house(params), tmp_path)
    inputs.film_key.unlink()
    with pytest.raises(SourceError, match="cannot be read"):
        make_release_of(inputs, of_a_house(params), tmp_path)
    assert not (tmp_path / "release").exists()
    make_release_of(inputs, params, tmp_path)  # phantoms need none


def test_shown_films_are_copied_byte_for_byte_and_a_film_that_stays_out_is_not_shown(
    tmp_path: Path, params: Params
) -> None:
    release = make_release(
        tmp_path, showing(params), excluded={}, verdicts={1: "copy", 2: "not-a-copy", 3: "unsure"}
    )
    pairs = pairs_of(release)
    assert [pair["real_id"] for pair in pairs] == list(STEMS)
    assert [pair["real_image"] for pair in pairs] == [
        cohort_row(number)["image"] for number in range(3)
    ]
    shown = [pair["synthetic_image"] for pair in pairs]
    assert shown == [None, oriented_row(1, "initial", 0)["image"], None]
    assert png.is_labelled(shown[1]["bytes"])
    copied = [oriented_row(3, "large", 0), oriented_row(1, "initial", 2)]
    for name, data in files_of(release).items():
        for row in copied:
            assert row["image"]["bytes"] not in data, (name, row["id"])
        if name != PAIRS:
            for stem in STEMS:
                assert stem.encode() not in data, (name, stem)
    assert read_json(release / "release.json")["source"]["films_shown"] == 3


def test_a_real_film_that_carries_more_than_its_picture_is_not_shown(
    tmp_path: Path, params: Params, inputs: ReleaseInputs
) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "Doe^Jane")
    stream = io.BytesIO()
    Image.fromarray(film(90_001)).save(stream, format="PNG", pnginfo=info)
    path = inputs.cohort / "cohort.parquet"
    rows = list(tables.iterate(path, schemas.COHORT))
    rows[1]["image"]["bytes"] = stream.getvalue()
    rows[1]["sha256"] = png.sha256(stream.getvalue())
    tables.write(path, schemas.COHORT, rows)
    make_release_of(inputs, params, tmp_path / "not shown")
    with pytest.raises(ReleaseError, match=f"{STEMS[1]}: carries metadata beside its picture"):
        make_release_of(inputs, showing(params), tmp_path)
    assert not (tmp_path / "release").exists()


NUMBERS = st.floats(-50, 50, allow_nan=False)


@given(NUMBERS, NUMBERS)
def test_coarse_numbers_keep_their_order_and_are_not_far_off(first: float, second: float) -> None:
    for coarse, off in ((coarse_score, SCORE_OFF), (coarse_cosine, OFF)):
        assert abs(coarse(first) - first) <= off
        assert str(coarse(first)) != "-0.0"
        if first <= second:
            assert coarse(first) <= coarse(second)


SCORES = st.lists(st.floats(-4, 40), min_size=20, max_size=60, unique=True)


@given(SCORES, st.integers(1, 30_000), st.booleans(), st.floats(-4, 4))
def test_a_threshold_follows_from_its_tail_also_where_both_are_rounded(
    scores: list[float], films: int, rounded: bool, moved: float
) -> None:
    tail = tail_of(np.array(scores))
    assume(tail is not None and tail.mean_excess > 0.01)
    assert tail is not None
    report = audit_report()
    source = report["calibration"]["source"] | {"counted": len(scores)}
    report["calibration"] |= {
        "tail": tail.report(), "threshold": tail.threshold(films), "source": source,
    }  # fmt: skip

    def faults(report: dict[str, Any]) -> list[str]:
        checked = CheckReport()
        calibration = Calibration.model_validate(report["calibration"])
        check_threshold(
            calibration, films, rounded=rounded, place=Place("calibration"), report=checked
        )
        return [str(fault) for fault in checked.faults]

    params = of_a_house(small_params()) if rounded else small_params()
    assert faults(coarse_audit(report, params)) == []
    report["calibration"]["threshold"] += moved
    known = abs(moved) > (2.5 if rounded else 1e-6)
    if known and tail.most_excess < 10:
        assert any("threshold: says" in fault for fault in faults(coarse_audit(report, params)))


@given(st.floats(0, 100, exclude_max=True))
def test_a_coarse_percentile_of_100_is_more_than_all(percentile: float) -> None:
    assert percentile - 1 < coarse_percentile(percentile) <= percentile
    assert coarse_percentile(percentile) < 100 == coarse_percentile(100.0)


@pytest.mark.parametrize(
    "license_id",
    [
        "cc0-1.0", "CC0-1.0", "cc-by-4.0", "CC-BY-SA-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0",
        "CC-BY-3.0-DE", "CC BY-NC-SA 4.0", "cc-by", "pddl", "PDDL-1.0", "apache-2.0", "MIT",
        "BSD-3-Clause",
    ],
)  # fmt: skip
def test_licences_that_allow_to_pass_on_resized_films(license_id: str) -> None:
    assert is_shareable(license_id)


@pytest.mark.parametrize(
    "license_id",
    [
        "", "cc-by-nd-4.0", "CC-BY-NC-ND-4.0", "proprietary", "not stated", "odc-by-1.0", "cc",
        "cc-by-4.0 but not the films of hospital 3", "no licence; see mit", "gpl-3.0-only",
        "cc-by-4.0 AND cc-by-nd-4.0", "4.0", "-4.0",
    ],
)  # fmt: skip
def test_licences_that_do_not(license_id: str) -> None:
    assert not is_shareable(license_id)


@pytest.mark.parametrize("license_id", ["CC-BY-NC-ND-4.0", ""])
def test_a_licence_that_does_not_allow_it_stops_the_packaging_and_is_named(
    tmp_path: Path, params: Params, inputs: ReleaseInputs, license_id: str
) -> None:
    with pytest.raises(ReleaseError, match="real films cannot be shown under") as caught:
        make_release_of(inputs, showing(params, source_license=license_id), tmp_path)
    assert caught.value.where == "audit.publish_real_images"
    assert license_id in str(caught.value)
    assert not (tmp_path / "release").exists()


def test_a_licence_is_looked_at_before_any_film_is(
    tmp_path: Path, params: Params, inputs: ReleaseInputs
) -> None:
    make_release_of(inputs, params, tmp_path)
    inputs.table(("checkpoint-1", "initial")).write_bytes(b"no table")
    with pytest.raises(ReleaseError, match="real films cannot be shown under"):
        package(
            inputs,
            showing(params, source_license="cc-by-nd-4.0"),
            validation=tmp_path / "validation.json",
            reasons=REASONS,
            output=tmp_path / "release",
        )


def test_a_licence_that_allows_it_is_passed_on_with_the_films(
    tmp_path: Path, params: Params
) -> None:
    release = make_release(tmp_path, showing(params, source_license="CC-BY-NC-SA-4.0"))
    assert [pair["real_id"] for pair in pairs_of(release)] == list(STEMS)
    text = (release / "LICENSE").read_text(encoding="utf-8")
    assert "The table audit_pairs shows 3 film(s) of that source" in text
    assert "licence: CC-BY-NC-SA-4.0" in text
    plain = make_release(tmp_path / "plain", params)
    assert "audit_pairs" not in (plain / "LICENSE").read_text(encoding="utf-8")


def test_a_film_that_is_judged_a_copy_after_the_screening_does_not_go_out(
    tmp_path: Path, params: Params, inputs: ReleaseInputs
) -> None:
    release = make_release_of(inputs, params, tmp_path)
    before = files_of(release)
    write_json(inputs.adjudication / "copies.json", {PAIRED[1]: "copy"})
    with pytest.raises(ReleaseError, match="would be released") as caught:
        package(
            inputs,
            params,
            validation=tmp_path / "validation.json",
            reasons={"vertebra-count": "", "blank-or-noise": ""},
            output=release,
        )
    assert [fault.where for fault in caught.value.faults] == [PAIRED[1]]
    assert files_of(release) == before


def test_the_record_holds_the_audit_without_the_name_of_a_film(
    tmp_path: Path, params: Params
) -> None:
    record = read_json(make_release(tmp_path, params, verdicts={1: "copy"}) / "release.json")
    audit = record["metrics"]["audit"]
    assert audit["real"] == {
        "films": 3, "searched": 3, "patients": 3, "patients_not_stated": 0,
        "unreadable": 0, "notes": 1, "ignored": 1,
    }  # fmt: skip
    assert audit["flagged"] == {"pairs": 1, "films": 1, "released": 0, "unlisted": 0}
    assert audit["calibration"]["threshold"] == pytest.approx(THRESHOLD)
    assert audit["power"][0]["alteration"] == "identical"
    assert audit["encoder"]["weights"] is None
    assert record["reviews"]["audit"]["state"] == "partial"
    assert record["counts"]["total"]["by_reason"]["copy"] == 1


def test_flagged_films_are_counted_by_what_became_of_them(tmp_path: Path, params: Params) -> None:
    inputs = write_inputs(tmp_path / "artefacts")
    # Beside the three of the list, one that is excluded (4.9) and one that is released (4.7).
    write_audit(inputs.audit, threshold=LOW)
    record = read_json(make_release_of(inputs, params, tmp_path) / "release.json")
    flagged = {"pairs": 3, "films": 5, "released": 3, "unlisted": 2}
    assert record["metrics"]["audit"]["flagged"] == flagged


@pytest.mark.parametrize(
    ("given", "known", "said"),
    [("", "CC BY-NC 4.0", "CC BY-NC 4.0"), ("MIT", "CC BY-NC 4.0", "MIT"), ("", "", "not stated")],
)
def test_weights_are_named_by_hash_and_licence(
    tmp_path: Path, params: Params, given: str, known: str, said: str
) -> None:
    inputs = write_inputs(tmp_path / "artefacts")
    report = read_json(inputs.audit / "audit.json")
    weights = {"sha256": "b" * 64, "published": True, "license": known}
    report["encoder"] = {"name": "vit", "dimensions": 768, "looks": 1, "weights": weights}
    write_json(inputs.audit / "audit.json", report)
    asked = replace(params, audit=replace(params.audit, weights_license=given))
    release = make_release_of(inputs, asked, tmp_path)
    encoder = read_json(release / "release.json")["metrics"]["audit"]["encoder"]
    assert encoder["weights"] == weights | {"license": said}
    card = " ".join(written(release).split())
    assert f"SHA-256 `{'b' * 64}`" in card
    assert f"licence of the weights: {said}." in card
    assert "Films were also searched by 768 features of `vit`" in card
