from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxr_release.encoders.encoder import Encoder
from cxr_release.errors import CxrReleaseError
from cxr_release.films import film_source
from cxr_release.films.film_set import FilmSet, open_films
from cxr_release.memorization import features
from cxr_release.memorization.features import FilmFeatures, features_of
from cxr_release.schemas import VIEWS
from tests.support.encoded import encode, tiny
from tests.support.film_files import (
    film,
    film_bytes,
    keep_and_load,
    saved,
    write_films,
    write_table,
)

SIDE = 8


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """A folder and a table, of which the ids interlock."""
    folder = write_films(
        tmp_path / "films",
        {
            "d.png": film_bytes(4),
            "b.png": film_bytes(2),
            "broken.png": b"x",
            "patients.csv": b"file,patient\nd.png,p4\nb.png,p2\nbroken.png,p0\n",
        },
    )
    deep = saved(film(3).astype(np.uint16) * 99)
    table = write_table(
        tmp_path / "table.parquet",
        {"c": deep, "a": film_bytes(1), "none": None, "e": film_bytes(5)},
    )
    return [folder, table]


def found(paths: list[Path], cache: Path | None, encoder: Encoder | None = None) -> FilmFeatures:
    return features_of(open_films(paths, "real"), encoder or tiny(SIDE), VIEWS, cache)


def same(one: FilmFeatures, other: FilmFeatures) -> bool:
    facts = [(x.ids, x.unreadable, x.notes, x.patients, x.total) for x in (one, other)]
    matrices = (np.array_equal(one.views[view], other.views[view]) for view in VIEWS)
    return facts[0] == facts[1] and all(matrices)


def no_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        pytest.fail("a film was decoded")

    monkeypatch.setattr("cxr_release.films.film_source.decode", fail)
    monkeypatch.setattr(features, "encode_views", fail)


def test_rows_are_those_of_the_sorted_ids(paths: list[Path]) -> None:
    result = found(paths, None)
    assert result.ids == ("a", "b", "c", "d", "e")
    assert result.unreadable == (
        ("broken", result.unreadable[0][1]),
        ("none", "holds a path and no bytes"),
    )
    assert result.notes == (("c", "16-bit grey windowed to 8 bits"),)
    assert result.patients == {"b": "p2", "d": "p4", "broken": "p0"}
    assert result.total == 7
    films = open_films(paths, "real")
    for view in VIEWS:
        expected = encode(tiny(SIDE).with_view(view), map(films.film, result.ids))
        assert np.array_equal(result.views[view], expected), view
        assert result.views[view].dtype == np.uint8


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_features_are_mapped_where_they_are_kept_and_have_the_dtype_of_the_encoder(
    paths: list[Path], tmp_path: Path, dtype: type[np.generic]
) -> None:
    """The mapped file has no name: nothing is left of it, whatever becomes of the process."""
    encoder = tiny(SIDE, dtype)
    kept, held = found(paths, tmp_path / "cache", encoder), found(paths, None, encoder)
    assert same(kept, held)
    for view in VIEWS:
        assert kept.views[view].dtype == held.views[view].dtype == dtype
        assert isinstance(kept.views[view], np.memmap)
        assert not isinstance(held.views[view], np.memmap)
    assert {path.suffix for path in (tmp_path / "cache").iterdir()} == {features.SUFFIX}


def test_features_of_another_dtype_are_not_taken(paths: list[Path], tmp_path: Path) -> None:
    """They go by another key."""
    first = found(paths, tmp_path, tiny(SIDE))
    second = found(paths, tmp_path, tiny(SIDE, np.float32))
    assert not first.keys & second.keys
    assert same(second, found(paths, None, tiny(SIDE, np.float32)))


def test_a_second_call_decodes_nothing(
    paths: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = found(paths, tmp_path / "cache")
    assert same(first, found(paths, None))
    assert len(list((tmp_path / "cache").iterdir())) == 2 * len(VIEWS)
    no_decoding(monkeypatch)
    assert same(first, found(paths, tmp_path / "cache"))
    # The parts in another order are the same parts.
    assert same(first, found(paths[::-1], tmp_path / "cache"))


def test_only_what_changed_is_encoded_again(
    paths: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    first = found(paths, cache)
    encoded: list[tuple[int, list[str]]] = []
    encode = features.encode_views

    def counted(
        encoder: Encoder, films: Iterable[bytes], views: list[str], **options: Any
    ) -> dict[str, Any]:
        made = encode(encoder, films, views, **options)
        encoded.append((len(made[views[0]]), list(views)))
        return made

    monkeypatch.setattr(features, "encode_views", counted)
    (paths[0] / "b.png").write_bytes(film_bytes(9))
    second = found(paths, cache)
    assert encoded == [(2, list(VIEWS))]
    changed = [
        name
        for row, name in enumerate(first.ids)
        if not np.array_equal(first.views["plain"][row], second.views["plain"][row])
    ]
    assert changed == ["b"]
    encoded.clear()
    (stretch,) = features._stretches(open_films(paths[1:], "real").sources)
    key = stretch.keys(tiny(SIDE), ["inverted"])["inverted"]
    (cache / f"{key}.safetensors").unlink()
    assert same(second, found(paths, cache))
    assert encoded == [(3, ["inverted"])]
    encoded.clear()
    found(paths, cache, tiny(SIDE + 1))
    assert [films for films, _ in encoded] == [2, 3]
    encoded.clear()
    monkeypatch.setattr("cxr_release.films.film_source.VERSION", 99)
    assert same(second, found(paths, cache))
    assert [films for films, _ in encoded] == [2, 3]


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "truncated": lambda data: data[:-3],
    "cut in the head": lambda data: data[:20],
    "longer": lambda data: data + b"\0",
    "a flipped bit": flipped,
    "a flipped last bit": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "a head of exabytes": lambda data: b"\xff" * 8 + data[8:],
    "another file": lambda data: b"no safetensors at all",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_file_is_made_again(
    paths: list[Path],
    tmp_path: Path,
    damage: Callable[[bytes], bytes],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    cache = tmp_path / "cache"
    first = found(paths, cache)
    for path in cache.iterdir():
        path.write_bytes(damage(path.read_bytes()))
    assert same(first, found(paths, cache))
    assert "is not used and made again" in caplog.text
    no_decoding(monkeypatch)
    assert same(first, found(paths, cache))


def test_every_byte_of_a_file_counts(paths: list[Path], tmp_path: Path) -> None:
    """No change of one byte is taken for the features, unless it changes nothing."""
    cache = tmp_path / "cache"
    films = open_films(paths[:1], "real")
    encoder = tiny(SIDE)
    first = features_of(films, encoder, ["plain"], cache)
    (path,) = cache.iterdir()
    data = path.read_bytes()
    key, ids = path.stem, list(films.sources[0].places)

    def load() -> features.StoredFeatures | None:
        return features.load(cache, key, films=ids, encoder=encoder)

    assert load() is not None
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :])
        kept = load()
        if kept is not None:
            order = [kept.account.ids.index(name) for name in first.ids]
            assert np.array_equal(kept.matrix[order], first.views["plain"]), place
            assert kept.account.unreadable == first.unreadable, place


def test_a_whole_file_of_other_films_is_not_trusted(paths: list[Path], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = found(paths, cache)
    paths_by_size = sorted(cache.iterdir(), key=lambda path: path.stat().st_size)
    one, other = paths_by_size[0], paths_by_size[-1]
    one.write_bytes(other.read_bytes())
    assert same(first, found(paths, cache))
    account = features.Account(("x",), (), ())
    encoder = tiny(SIDE)
    matrix = np.zeros((1, SIDE * SIDE), np.uint8)
    for kept in (
        features.StoredFeatures(matrix, account),
        features.StoredFeatures(matrix[:, 1:], features.Account(("a",), (), ())),
        features.StoredFeatures(matrix.astype(np.float32), features.Account(("a",), (), ())),
        features.StoredFeatures(matrix.astype(np.int8), features.Account(("a",), (), ())),
    ):
        features.save(cache, "k", kept)
        assert features.load(cache, "k", films=["a"], encoder=encoder) is None
    good = features.StoredFeatures(matrix, features.Account(("a",), (("b", "no"),), ()))
    features.save(cache, "k", good)
    assert features.load(cache, "k", films=["a", "b"], encoder=encoder) is not None
    assert features.load(cache, "k", films=["b", "a"], encoder=encoder) is not None
    assert features.load(cache, "k", films=["a"], encoder=encoder) is None


def test_something_else_under_the_name_of_a_cache_file(paths: list[Path], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = found(paths, cache)
    path, *_ = cache.iterdir()
    path.unlink()
    os.mkfifo(path)
    assert same(first, found(paths, cache))
    assert path.is_file()


def test_a_set_in_which_nothing_can_be_read(tmp_path: Path) -> None:
    folder = write_films(tmp_path / "films", {"a.png": b"x", "b.png": b"y"})
    for _ in range(2):
        result = found([folder], tmp_path / "cache")
        assert (result.ids, result.total) == ((), 2)
        assert {view.shape for view in result.views.values()} == {(0, SIDE * SIDE)}


def test_two_at_once_do_no_harm(tmp_path: Path) -> None:
    matrix = np.random.default_rng(1).normal(size=(300, 64)).astype(np.float32)
    account = features.Account(tuple(f"{row:03d}" for row in range(300)), (), ())
    kept = features.StoredFeatures(matrix, account)
    # Spawned: the tests' own process has threads, which a fork would not copy.
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(2)
    both = [
        context.Process(target=keep_and_load, args=(tmp_path, kept, 60, start)) for _ in range(2)
    ]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
    assert [one.exitcode for one in both] == [0, 0]
    assert (
        features.load(tmp_path, "key", films=account.ids, encoder=tiny(8, np.float32)) is not None
    )
    assert [path.name for path in tmp_path.iterdir()] == ["key.safetensors"]


def test_a_write_that_fails_leaves_nothing_and_costs_nothing(
    paths: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = found(paths, tmp_path / "cache")
    assert "could not be kept: No space left on device" in caplog.text
    assert list((tmp_path / "cache").iterdir()) == []
    assert same(result, found(paths, None))


def test_a_cache_that_is_no_folder_is_refused_before_the_work(
    paths: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    no_decoding(monkeypatch)
    with pytest.raises(CxrReleaseError, match="features cannot be kept there"):
        found(paths, tmp_path / "file")


def test_films_that_change_meanwhile_are_not_kept(
    paths: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films: FilmSet = open_films(paths[:1], "real")
    reads = film_source.FolderSource.read

    def then_changed(source: film_source.FolderSource, start: int, stop: int) -> object:
        (paths[0] / "b.png").write_bytes(film_bytes(77))
        return reads(source, start, stop)

    monkeypatch.setattr(film_source.FolderSource, "read", then_changed)
    with pytest.raises(CxrReleaseError, match=r"b\.png: was changed while it was read"):
        features_of(films, tiny(SIDE), VIEWS, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("stretch", [1, 2, 3, 100])
def test_stretches_of_any_length_give_the_same(
    paths: list[Path], tmp_path: Path, stretch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = found(paths, None)
    monkeypatch.setattr(features, "STRETCH", stretch)
    assert same(whole, found(paths, tmp_path / "cache"))
    no_decoding(monkeypatch)
    assert same(whole, found(paths, tmp_path / "cache"))


def test_a_kill_costs_one_stretch(
    paths: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = found(paths, None)
    monkeypatch.setattr(features, "STRETCH", 2)
    encode = features.encode_views
    calls: list[int] = []

    def killed(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return encode(*arguments, **options)

    monkeypatch.setattr(features, "encode_views", killed)
    with pytest.raises(KeyboardInterrupt):
        found(paths, tmp_path / "cache")
    calls[:] = [1, 1, 1]
    assert same(whole, found(paths, tmp_path / "cache"))
    # Two parts of 3 and 4 films are four stretches: two were kept, two are left.
    assert len(calls) == 3 + 2


def test_what_is_of_earlier_runs_is_pruned(paths: list[Path], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = found(paths, cache)
    second = found(paths[:1], cache, tiny(SIDE + 1))
    assert {path.stem for path in cache.iterdir()} == first.keys | second.keys
    features.prune(cache, second.keys)
    assert {path.stem for path in cache.iterdir()} == second.keys


def test_the_bar_counts_every_film_once(
    paths: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []

    class Bar:
        n = 0

        def __init__(self, *, total: int, **_: Any) -> None:
            self.total = total

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None:
            counts.append(self.n)

        def update(self, films: int) -> None:
            self.n += films
            assert 0 < self.n <= self.total or films == 0

    monkeypatch.setattr(features, "tqdm", Bar)
    for _ in range(2):
        found(paths, tmp_path / "cache")
    assert counts == [7, 7]
