"""The release as a downstream user meets it: `load_dataset` in a fresh process, offline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.files import read_json
from cxr_release.params.project import Params
from cxr_release.release import configs, shards
from cxr_release.release.configs import Config
from cxr_release.release.record import Checkpoints
from cxr_release.schemas import RELEASE
from tests.support.audit_artefacts import STEMS
from tests.support.card_rules import header_and_body
from tests.support.release_artefacts import make_release

Loaded = list[tuple[Path, dict[str, Any]]]
"""Release folder, and what was found in each of its configs."""

SCRIPT = """
import hashlib, json, pathlib, re, sys
import numpy as np
from datasets import disable_progress_bars, get_dataset_config_names
from datasets import load_dataset, load_dataset_builder

disable_progress_bars()
def load_all(folder):
    found = {}
    for name in get_dataset_config_names(folder):
        plain = load_dataset(folder, name)
        assert list(plain) == ["train"], plain
        plain = plain["train"]
        streamed = load_dataset(folder, name, split="train", streaming=True)
        files = load_dataset_builder(folder, name).config.data_files
        alone = load_dataset("parquet", data_files={"train": list(files["train"])}, split="train")
        rows = list(streamed)
        if "pixel_sha256" in plain.column_names:
            for row, other in zip(plain, rows, strict=True):
                pixels = np.asarray(row["image"])
                assert row["image"].mode == "L" and pixels.dtype == np.uint8
                assert hashlib.sha256(pixels.tobytes()).hexdigest() == row["pixel_sha256"]
                assert (np.asarray(other["image"]) == pixels).all()
        else:
            assert list(plain) == rows
        shown = []
        for row in rows:
            if row.get("real_image") is not None:
                pixels = np.asarray(row["real_image"])
                assert row["real_image"].mode == "L" and row["real_image"].info == {}
                assert hashlib.sha256(pixels.tobytes()).hexdigest() == row["real_pixel_sha256"]
                other = row["synthetic_image"]
                shown.append([row["real_id"], other and other.info["Software"]])
        found[name] = {
            "rows": plain.num_rows,
            "streamed": len(rows),
            "same_features": plain.features == streamed.features == alone.features,
            "features": {key: repr(value) for key, value in plain.features.items()},
            "shown": shown,
            "num_bytes": alone.info.splits["train"].num_bytes,
            "download_size": alone.info.download_size,
            "ids": [row["id"] for row in rows] if "id" in plain.column_names else [],
        }
    card = pathlib.Path(folder, "README.md").read_text()
    lines = card.partition("```python\\n")[2].partition("```")[0]
    here = re.sub(r'"ORG/[^"]+"', repr(folder), lines).replace('revision="v1.0.0", ', "")
    scope = {}
    exec(here, scope)
    assert scope["films"][0]["image"].mode == "L"
    found["default"]["as the card says"] = list(scope["films"]["id"])
    found["whole folder"] = load_dataset(folder)["train"].num_rows
    return found

print(json.dumps([load_all(folder) for folder in sys.argv[1:]]))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, params: Params) -> Loaded:
    """A release without ratings, one with, and one that shows real films.

    They are loaded in a process and cache of their own.
    """
    root = tmp_path_factory.mktemp("loaded")
    releases = []
    showing = replace(params, audit=replace(params.audit, publish_real_images=True))
    for rated, rows_per_group, asked in (
        (False, 500, params),
        (True, 2, params),
        (False, 4, showing),
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(shards, "ROWS_PER_GROUP", rows_per_group)
            releases.append(make_release(root / str(rows_per_group), asked, rated=rated))
    environment = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(root / "cache"),
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",
    }
    environment.pop("HF_DATASETS_CACHE", None)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *map(str, releases)],
        env=environment,
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(zip(releases, json.loads(done.stdout.splitlines()[-1]), strict=True))


def test_every_config_loads_plain_and_streaming_with_the_counts_of_the_record(
    loaded: Loaded,
) -> None:
    for release, found in loaded:
        counts = read_json(release / "release.json")["counts"]
        each = {name: one for name, one in found.items() if name != "whole folder"}
        assert {name: one["rows"] for name, one in each.items()} == counts["configs"]
        assert all(one["streamed"] == one["rows"] for one in each.values())
        assert all(one["same_features"] for one in each.values())
        assert found["whole folder"] == counts["total"]["released"]
        assert ("reader_study" in each) == (counts["empty_tables"] == [])


def test_columns_are_typed(loaded: Loaded) -> None:
    features = {
        name: one["features"] for name, one in loaded[1][1].items() if name != "whole folder"
    }
    assert features["default"]["image"].startswith("Image(")
    assert features["default"]["seed"] == "Value('int64')"
    assert features["reader_study"]["identified_as_real"] == "Value('bool')"
    assert features["audit_pairs"]["score"] == "Value('float64')"
    assert features["audit_pairs"]["cosine"] == "Value('float64')"
    assert features["audit_pairs"]["part"] == "Value('string')"
    # Where a copy lay, or a score to its last digit, would help to find the film.
    assert not {"p", "turn", "scale", "right", "down"} & features["audit_pairs"].keys()
    assert features["audit_pairs"]["flagged"] == "Value('bool')"
    assert features["audit_pairs"]["real_image"].startswith("Image(")


def test_audited_pairs_load_with_and_without_pictures(loaded: Loaded) -> None:
    hidden, _, shown = (found["audit_pairs"] for _, found in loaded)
    assert hidden["rows"] == shown["rows"] == len(STEMS)
    assert hidden["shown"] == []
    assert hidden["features"] == shown["features"]
    # The first synthetic film is excluded: it is not shown here either.
    assert shown["shown"] == [
        [STEMS[0], None], [STEMS[1], "cxr-release"], [STEMS[2], "cxr-release"],
    ]  # fmt: skip


def test_the_default_config_opens_with_the_checkpoint_that_is_recommended(
    loaded: Loaded,
) -> None:
    """Checkpoint 2 is recommended too, and was not sampled; of 1 nobody speaks."""
    for release, found in loaded:
        report = read_json(release / "release.json")["metrics"]["checkpoints"]
        assert [one["checkpoint"] for one in report["recommended"]] == [2, 3]
        early, late = found["checkpoint-1"]["ids"], found["checkpoint-3"]["ids"]
        assert found["default"]["ids"] == late + early
        assert early == sorted(early)
        assert late == sorted(late)


def test_the_card_s_lines_load_the_recommended_checkpoint_and_all_films_begin_with_it(
    loaded: Loaded,
) -> None:
    for release, found in loaded:
        card = (release / "README.md").read_text(encoding="utf-8")
        assert "**Use `checkpoint-3`**, the recommended checkpoint: " in card
        assert found["default"]["as the card says"] == found["checkpoint-3"]["ids"]
        assert (
            found["default"]["ids"][: len(found["checkpoint-3"]["ids"])]
            == (found["checkpoint-3"]["ids"])
        )
        assert "| `default` | 13 | 2 |" in card
        assert "| All released films, those of `checkpoint-3` first. |" in card


@given(
    st.dictionaries(st.integers(1, 200), st.booleans(), min_size=1, max_size=6),
    st.data(),
)
def test_the_nearest_checkpoint_comes_first_then_recommended_ones_and_later_before_earlier(
    sampled: dict[int, bool], data: st.DataObject
) -> None:
    films = [Config(f"checkpoint-{one}", RELEASE, (), 1, 1, 1) for one in sorted(sampled)]
    files = [replace(film, files=(f"data/{film.name}/x",)) for film in films]
    spoken_for = sorted((one for one in sampled if sampled[one]), reverse=True)
    nearest = data.draw(st.sampled_from(spoken_for)) if spoken_for else 0
    report = {
        **{"divergence": None, "lowest_held_out_loss": 1, "nearest": nearest, "ranked_by": "kid"},
        "recommended": [{"checkpoint": one, "reasons": []} for one in reversed(spoken_for)],
        **{"sampled": [], "warnings": [], "notes": []},
    }
    preferred = Checkpoints.model_validate(report).preferred
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(configs, "_begins_with_one_row", lambda path: False)
        pool = configs.pooled(Path(), files, preferred)
    order = [int(name.split("/")[1].rpartition("-")[2]) for name in pool.files]
    assert order == [
        *sorted(spoken_for, key=lambda one: one != nearest),
        *sorted((one for one in sampled if not sampled[one]), reverse=True),
    ]


def test_the_card_states_the_sizes_that_datasets_computes(
    loaded: Loaded,
) -> None:
    for release, found in loaded:
        header, _ = header_and_body((release / "README.md").read_text(encoding="utf-8"))
        for info in header["dataset_info"]:
            config = found[info["config_name"]]
            assert info["splits"][0]["num_examples"] == config["rows"]
            assert info["splits"][0]["num_bytes"] == info["dataset_size"] == config["num_bytes"]
            assert info["download_size"] == config["download_size"]
