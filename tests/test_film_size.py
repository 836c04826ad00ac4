from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import ParamsError
from cxr_release.film_size import Size, at_once, read_sides
from cxr_release.params.load import load_params
from cxr_release.params.project import Params
from tests.support import ROOT

DEFAULT = yaml.safe_load((ROOT / "params.yaml").read_text())
SIDES = st.integers(1, 4096)


@given(SIDES, SIDES)
def test_a_size_comes_back_from_a_record_as_it_was(width: int, height: int) -> None:
    size = Size(width, height)
    written = json.loads(json.dumps(size.sides))
    assert (type(written) is int) == (width == height)
    assert Size.of(read_sides(written)) == size
    assert Size.of_shape((7, *size.shape)) == size


@given(SIDES)
def test_a_square_is_one_number_however_it_is_written(side: int) -> None:
    assert read_sides([side, side]) == read_sides(side) == side


def asked(tmp_path: Path, **ingest: Any) -> Params:
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(DEFAULT | {"ingest": DEFAULT["ingest"] | ingest}))
    return load_params(path)


@pytest.mark.parametrize(
    ("size", "expected"),
    [(64, (64, 64)), ([64, 64], (64, 64)), ([48, 64], (48, 64)), ([2048, 16], (2048, 16))],
)
def test_a_size_is_a_number_or_width_and_height(tmp_path: Path, size: Any, expected: Any) -> None:
    assert asked(tmp_path, size=size).ingest.film_size == expected


@pytest.mark.parametrize(
    "size",
    [8, 2056, 65, [64], [64, 64, 64], [64, 60], [8, 64], [64, 2056], ["64", 64], [64, True], "64",
     True, 64.0, None, {"width": 64}, 10**30],
)  # fmt: skip
def test_what_is_not_a_size_is_refused(tmp_path: Path, size: Any) -> None:
    with pytest.raises(ParamsError) as caught:
        asked(tmp_path, size=size)
    assert [fault.where for fault in caught.value.faults] == ["ingest.size"]


@pytest.mark.parametrize("size", [[72, 64], [64, 72], 72])
def test_each_side_must_be_halved_as_often_as_the_network_asks(tmp_path: Path, size: Any) -> None:
    path = tmp_path / "params.yaml"
    network = DEFAULT["network"] | {"channels": [8, 8, 8, 8], "pixel_unshuffle": 2}
    path.write_text(
        yaml.safe_dump(DEFAULT | {"ingest": DEFAULT["ingest"] | {"size": size}, "network": network})
    )
    with pytest.raises(ParamsError, match=r"cannot be halved .* take multiples of 16"):
        load_params(path)


@pytest.mark.parametrize(
    ("fit", "millimetres"), [("physical", None), ("stretch", 240.0), ("pad", 240.0)]
)
def test_one_scale_and_its_length_go_together(
    tmp_path: Path, fit: str, millimetres: float | None
) -> None:
    with pytest.raises(ParamsError, match="go together"):
        asked(tmp_path, fit=fit, millimetres=millimetres)


@pytest.mark.parametrize("millimetres", [9, 2001, "x", True, float("nan"), 10**400])
def test_a_length_has_both_ends(tmp_path: Path, millimetres: Any) -> None:
    with pytest.raises(ParamsError) as caught:
        asked(tmp_path, fit="physical", millimetres=millimetres)
    assert [fault.where for fault in caught.value.faults] == ["ingest.millimetres"]


def test_the_longer_side_has_the_length(tmp_path: Path) -> None:
    asked_for = asked(tmp_path, fit="physical", size=[48, 64], millimetres=240).ingest
    assert asked_for.millimetres_per_pixel == 240 / 64
    assert asked(tmp_path).ingest.millimetres_per_pixel is None


@given(SIDES, SIDES)
def test_larger_films_are_taken_fewer_at_a_time(width: int, height: int) -> None:
    size = Size(width, height)
    count = at_once(64, size)
    assert 1 <= count <= 64
    assert count == 1 or count * size.pixels <= 64 * 256**2
    if size.pixels <= 256**2:
        assert count == 64
