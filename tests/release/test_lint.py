from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from release_artefacts import make_release

from cxr_release import schemas
from cxr_release.errors import ReleaseError
from cxr_release.params import Params
from cxr_release.release.configs import Config
from cxr_release.release.lint import header_and_body, lint


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, params: Params) -> Path:
    return make_release(tmp_path_factory.mktemp("lint"), params)


def stated_configs(release: Path) -> list[Config]:
    header, _ = header_and_body((release / "README.md").read_text(encoding="utf-8"))
    configs = [
        Config(info["config_name"], schemas.RELEASE, (), info["splits"][0]["num_examples"], 0, 0)
        for info in header["dataset_info"]
    ]
    empty = ("reader_study/train-00000-of-00001.parquet",)
    return [*configs, Config("reader_study", schemas.RESPONSES, empty, 0, 0, 0)]


def without(key: str) -> Callable[[Path], None]:
    def change(release: Path) -> None:
        card = release / "README.md"
        header, body = header_and_body(card.read_text(encoding="utf-8"))
        del header[key]
        card.write_text(f"---\n{yaml.safe_dump(header)}---\n{body}", encoding="utf-8")

    return change


def replaced(old: str, new: str) -> Callable[[Path], None]:
    def change(release: Path) -> None:
        card = release / "README.md"
        text = card.read_text(encoding="utf-8")
        assert old in text
        card.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def removed(name: str) -> Callable[[Path], None]:
    return lambda release: (release / name).unlink()


def more(release: Path) -> None:
    shard = release / "data" / "checkpoint-1" / "train-00000-of-00001.parquet"
    shutil.copy(shard, release / "data" / "stray.parquet")


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (replaced("---\n", "--\n"), "has no YAML header"),
        (replaced("language:\n", "language: [\n"), "its header is no YAML"),
        (without("license"), "key license is missing or empty"),
        (without("dataset_info"), "key dataset_info is missing or empty"),
        (replaced("## Uses", "[More Information Needed]"), "unfilled: [More Information Needed]"),
        (replaced("## Uses", "{{ uses }}"), "unfilled: {{ "),
        (removed("figures/checkpoint-3.png"), "not there: figures/checkpoint-3.png"),
        (
            removed("data/checkpoint-3/train-00000-of-00001.parquet"),
            "config checkpoint-3: nothing matches data/checkpoint-3/train-*.parquet",
        ),
        (more, "no config holds data/stray.parquet"),
        (replaced("num_examples: 13", "num_examples: 14"), "departs from the finished shards"),
    ],
)
def test_lint_names_what_is_wrong(
    whole: Path, tmp_path: Path, broken: Callable[[Path], None], expected: str
) -> None:
    release = Path(shutil.copytree(whole, tmp_path / "release"))
    configs = stated_configs(release)
    lint(release, configs)
    broken(release)
    with pytest.raises(ReleaseError) as caught:
        lint(release, configs)
    assert expected in str(caught.value)
