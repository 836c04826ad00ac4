from __future__ import annotations

import copy
import json
import os
import pickle
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxr_release import schemas
from cxr_release.files import WINDOWS_ENDS
from cxr_release.release.layout import DATASHEET
from cxr_release.release.untrusted.folder import MOST_FILES
from cxr_release.release.verify import text_of, verify
from tests.support.tampering import (
    EXCLUSIONS,
    SHARD,
    Change,
    both,
    file,
    make,
    named,
    record,
    summed,
    text,
)

HASH = 64 * "a"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("sound"))


@pytest.fixture
def release(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "release"))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Names of files that are opened by Python while a test runs."""
    names: list[str] = []
    real = Path.open

    def noting(self: Path, *args: Any, **more: Any) -> Any:
        names.append(str(self))
        return real(self, *args, **more)

    monkeypatch.setattr(Path, "open", noting)
    yield names


NO_NAME = "which is not a plain name below the folder"
SUMS = {
    f"{HASH}  ../outside": f"names '../outside', {NO_NAME}",
    f"{HASH}  data/../../outside": f"names 'data/../../outside', {NO_NAME}",
    f"{HASH}  /etc/hostname": f"names '/etc/hostname', {NO_NAME}",
    f"{HASH}  C:x": f"names 'C:x', {NO_NAME}",
    f"{HASH}  data\\x": NO_NAME,
    f"{HASH}  ./LICENSE": f"names './LICENSE', {NO_NAME}",
    f"{HASH}  LI\x1b[2JCENSE": NO_NAME,
    f"\\{HASH}  LI\\nCENSE": "is not a hash, two spaces and a name",
    f"{HASH}  SHA256SUMS": "names SHA256SUMS a second time, or itself",
    f"{HASH}  LICENSE": "names LICENSE a second time, or itself",
    "aaaa  LICENSE": "is not a hash, two spaces and a name",
    f"{HASH} *LICENSE": "is not a hash, two spaces and a name",
    "": "is not a hash, two spaces and a name",
}
"""Lines that no release has, and what is said of each."""


def test_odd_lines_of_the_sums_are_named_and_nothing_outside_is_read(
    release: Path, opened: list[str]
) -> None:
    (release.parent / "outside").write_text("secret")
    path = release / "SHA256SUMS"
    before = path.read_text()
    path.write_text(before + "".join(f"{line}\n" for line in [*SUMS, f"{HASH}  more"]))
    opened.clear()
    lines = named(release)
    for number, said in enumerate(SUMS.values(), start=before.count("\n") + 1):
        where = f"SHA256SUMS: line {number}: "
        assert any(line.startswith(where) and said in line for line in lines), said
    assert "more: is listed in SHA256SUMS and is not there" in lines
    assert opened
    assert [name for name in opened if not name.startswith(f"{release}/")] == []
    assert all(line.isprintable() for line in lines)


def a_link_out(folder: Path) -> None:
    (folder.parent / "outside").write_text("secret")
    (folder / "LICENSE").unlink()
    (folder / "LICENSE").symlink_to(folder.parent / "outside")


def a_link_to_a_folder(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir()
    (folder.parent / "elsewhere" / "films.parquet").write_text("secret")
    shutil.rmtree(folder / "figures")
    (folder / "figures").symlink_to(folder.parent / "elsewhere", target_is_directory=True)


def a_loop(folder: Path) -> None:
    (folder / "data" / "again").symlink_to(folder, target_is_directory=True)


def a_pipe(folder: Path) -> None:
    (folder / "README.md").unlink()
    os.mkfifo(folder / "README.md")


def a_socket(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        # A socket's address has few bytes: it is bound where the folder is near.
        here = Path.cwd()
        os.chdir(folder)
        listening.bind("s")
        os.chdir(here)


def deep(folder: Path) -> None:
    path = folder / "/".join(["data"] + 12 * ["d"])
    path.mkdir(parents=True)
    (path / "x").write_text("x")


def a_script(folder: Path) -> None:
    (folder / f"{folder.name}.py").write_text("import sys; sys.exit('was run')")


LAYOUT: dict[str, tuple[Change, str]] = {
    "a link out": (a_link_out, "LICENSE: is a link, and was not opened"),
    "a link to a folder": (a_link_to_a_folder, "figures: is a link, and was not opened"),
    "a loop": (a_loop, "data/again: is a link, and was not opened"),
    "a pipe": (a_pipe, "README.md: is a pipe, and was not opened"),
    "a socket": (a_socket, "s: is a socket, and was not opened"),
    "a deep folder": (deep, "lies too deep"),
    "a dataset script": (a_script, "release.py: is not a file of a release"),
    "a pickle": (file("data/films.pkl", pickle.dumps([1])), "data/films.pkl: is not a file of a"),
    "a terminal's name": (
        file("data/\x1b]0;x\x07.png", b"x"),
        r"data/\x1b]0;x\x07.png: is",
    ),
    "a name of no text": (
        lambda folder: Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe")).write_bytes(b"x"),
        r"\udcff\udcfe: is not a file of a release",
    ),
    "a shard elsewhere": (
        file("data/checkpoint-01/train-00000-of-00001.parquet", b"x"),
        "data/checkpoint-01/train-00000-of-00001.parquet: is not a file of a release",
    ),
    "an odd shard": (
        lambda folder: (folder / SHARD).rename(folder / SHARD.replace("of-00001", "of-00002")),
        "data/checkpoint-1: does not hold shards 0 to n − 1 of n",
    ),
}


def test_what_has_no_place_in_a_release_is_named_and_not_opened(
    release: Path, opened: list[str]
) -> None:
    for change, _ in LAYOUT.values():
        change(release)
    opened.clear()
    lines = named(release)
    for case, (_, said) in LAYOUT.items():
        assert any(said in line for line in lines), case
    assert opened
    assert [name for name in opened if not name.startswith(f"{release}/")] == []
    assert all(line.isprintable() for line in lines)
    json.dumps(verify(release)).encode()


def test_what_a_clone_leaves_beside_a_release_is_none_of_it(release: Path) -> None:
    (release / ".git").mkdir()
    (release / ".git" / "config").write_text("x")
    (release / ".gitattributes").write_text("*.parquet filter=lfs")
    (release / ".cache" / "huggingface").mkdir(parents=True)
    (release / ".cache" / "huggingface" / "x.lock").write_text("")
    assert named(release) == []
    (release / ".cache" / "more").write_text("")
    assert any(".cache/more: is not a file" in one for one in named(release))


PROSE = ["CHANGELOG.md", "CITATION.cff", "LICENSE", "README.md", "SHA256SUMS", "croissant.json",
         DATASHEET, "release.json"]  # fmt: skip


@pytest.mark.parametrize("names", [PROSE, ["README.md", "SHA256SUMS"], ["release.json"]])
def test_windows_line_ends_are_named_and_nothing_that_follows_from_them(
    release: Path, names: list[str]
) -> None:
    for name in names:
        path = release / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert named(release) == [f"{name}: {WINDOWS_ENDS}" for name in names]
    assert all(
        "core.autocrlf=false" in difference["remedy"]
        for difference in verify(release)["differences"]
    )


def test_a_text_that_is_another_one_besides_is_not_excused_by_its_line_ends(release: Path) -> None:
    path = release / "LICENSE"
    path.write_bytes(b"All rights reserved.\r\n" + path.read_bytes())
    found = named(release)
    assert "LICENSE: does not match its SHA-256 in SHA256SUMS" in found
    assert not [one for one in found if "line ends" in one]


def test_git_on_windows_makes_what_is_named_so(release: Path, tmp_path: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", *words], check=True, capture_output=True, cwd=release)

    git("init", "-q")
    git("add", ".")
    git("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-q", "-m", "1.0.0")
    for windows in (True, False):
        clone = tmp_path / f"clone-{windows}"
        git("clone", "-q", "-c", f"core.autocrlf={str(windows).lower()}", ".", str(clone))
        texts = [f"{name}: {WINDOWS_ENDS}" for name in PROSE]
        assert named(clone) == (texts if windows else [])


def test_a_folder_that_is_none_or_empty_is_no_release(tmp_path: Path) -> None:
    assert named(tmp_path / "no-such") == ["no-such: is not a folder"]
    found = named(tmp_path)
    assert {one.split(":")[0] for one in found} >= {"README.md", "release.json", "SHA256SUMS"}
    assert "This folder is not what it says" in text_of(verify(tmp_path))


def test_more_files_than_a_release_has_are_not_all_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxr_release.release.untrusted.folder.MOST_FILES", 5)
    for number in range(9):
        (tmp_path / f"{number}").write_text("x")
    assert any("holds more than 5 files" in one for one in named(tmp_path))
    assert MOST_FILES > 1000


def sparse(name: str, size: int) -> Change:
    def grow(folder: Path) -> None:
        with (folder / name).open("ab") as stream:
            stream.truncate(size)

    return grow


def card(header: str, body: str = "b") -> Change:
    return file("README.md", f"---\n{header}\n---\n\n{body}\n".encode())


def sparse_alone(name: str) -> Change:
    return both(file(name, b""), sparse(name, 60_000_000))


CARDS: dict[str, tuple[Change, str]] = {
    "a gigantic card": (sparse_alone("README.md"), "README.md: is 60,000,000 bytes, more"),
    "no text": (file("README.md", b"\xff\xfe\x00"), "README.md: is not UTF-8"),
    "no header": (file("README.md", b"# A card\n"), "README.md: has no YAML header"),
    "an object": (card("a: !!python/object/apply:os.system [echo]"), "header: is not plain YAML"),
    "a name of code": (card("a: !!python/name:os.system"), "README.md: header: is not plain YAML"),
    "aliases": (card("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]"), "header: is not plain YAML"),
    "merged": (card("a: &a {x: 1}\nb: {<<: *a}"), "header: is not plain YAML"),
    "deep YAML": (card("a: " + 1500 * "["), "header: is not plain YAML"),
    "long YAML": (card("a: " + 300_000 * "x"), "characters of YAML: it was not read"),
    "a date of no day": (card("a: 2026-99-99"), "header: is not plain YAML"),
    "a list": (card("- a"), "header: is not a YAML mapping"),
}
"""Cards in a release of another version, of which the text is not made again."""


@pytest.mark.parametrize("case", CARDS)
def test_a_hostile_card_of_another_version_is_named(release: Path, case: str) -> None:
    change, said = CARDS[case]
    lines = named(summed(release, both(record("software", "cxr-release", value="0.0.9"), change)))
    assert any(said in line for line in lines), lines
    assert all(line.isprintable() and len(line) < 1000 for line in lines)


TEXTS: dict[str, tuple[Change, str]] = {
    "a gigantic record": (sparse_alone("release.json"), "release.json: is 60,000,000 bytes"),
    "NaN": (
        file("release.json", b'{"version": NaN}'),
        "release.json: is not JSON: NaN is not JSON",
    ),
    "infinity": (file("release.json", b'{"version": 1e999}'), "is not JSON: 1e999 is not a finite"),
    "deep JSON": (file("release.json", 99_999 * b"["), "release.json: is not JSON"),
    "a key twice": (file("release.json", b'{"a": 1, "a": 2}'), "a key is a duplicate"),
    "a long number": (file("release.json", b'{"a": ' + 9999 * b"9" + b"}"), "is not JSON"),
    "no object": (file("release.json", b"[]"), "release.json: is not a JSON object"),
    "nothing": (file("release.json", b""), "release.json: is not JSON"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_hostile_text_is_named(tmp_path: Path, case: str) -> None:
    change, said = TEXTS[case]
    change(tmp_path)
    lines = named(tmp_path)
    assert any(said in line for line in lines), lines
    assert all(line.isprintable() and len(line) < 1000 for line in lines)


def test_hostile_texts_in_a_whole_release_are_named(release: Path) -> None:
    version = 9_999 * "1." + "\x1b[2J"
    patterns = text("README.md", "path: data/checkpoint-1/train-*.parquet", "path: ../../**/*")
    runs = file("CITATION.cff", b"version: !!python/object/new:os.system [echo]\n")
    lines = named(summed(release, both(patterns, runs)))
    lines += named(summed(release, record("version", value=version)))
    for said in (
        "is '    path: ../../**/*' / would be '    path: data/checkpoint-1/train-*.parquet'",
        "CITATION.cff: line 1: is 'version: !!python/object/new:os.system [echo]'",
        "release.json: version: string should match pattern",
    ):
        assert any(said in line for line in lines), said
    assert all(line.isprintable() and len(line) < 1000 for line in lines)


class Runs:
    """What would run, if anybody unpickled it."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.mkdir, ("was-run",)


PICKLE = pickle.dumps(Runs())


def written(name: str, table: pa.Table, **options: Any) -> Change:
    plain = {"compression": "none", "use_dictionary": False}

    def write(folder: Path) -> None:
        (folder / name).parent.mkdir()
        pq.write_table(table, folder / name, **{**plain, **options})

    return write


def excluded(number: int) -> pa.Table:
    one = {"checkpoint": 1, "batch": "large", "sha256": HASH, "reason": "other", "reviewers": 1}
    said = dict.fromkeys(("prescreen", "audit", "withdrawn"), False)
    rows = [
        {"id": f"checkpoint-1-large-{place:05d}", **one, **said, "first_version_without": None}
        for place in range(number)
    ]
    return pa.Table.from_pylist(rows, schema=schemas.TOMBSTONES.arrow)


def typed(found: pa.Table) -> pa.Table:
    """A column whose type names a pickle, as old readers of Arrow would have opened it."""
    said = {
        "ARROW:extension:name": "arrow.py_extension_type",
        "ARROW:extension:metadata": PICKLE,
    }
    field = pa.field("reason", pa.string(), metadata=said)
    return found.set_column(4, field, found["reason"])


def half(folder: Path) -> None:
    written(EXCLUSIONS, excluded(9))(folder)
    os.truncate(folder / EXCLUSIONS, (folder / EXCLUSIONS).stat().st_size // 2)


PARQUET: dict[str, tuple[Change, str]] = {
    "garbage": (file(SHARD, b"PAR1" + 999 * b"\xee" + b"PAR1"), "is not a readable Parquet file"),
    "nothing": (file(EXCLUSIONS, b""), "is not a readable Parquet file"),
    "half a file": (half, "is not a readable Parquet file"),
    "a pickle": (file(EXCLUSIONS, PICKLE), "is not a readable Parquet file"),
    "a column of pickles": (
        written(
            EXCLUSIONS, excluded(2).set_column(4, "reason", pa.array([pickle.dumps(Runs())] * 2))
        ),
        "column reason: is binary, expected string",
    ),
    "a pickled type": (
        written(EXCLUSIONS, typed(excluded(2))),
        "column reason: states a type beside its own",
    ),
    "other columns": (written(EXCLUSIONS, pa.table({"a": [1]})), "column id: missing column"),
    "other features": (
        written(EXCLUSIONS, excluded(2).replace_schema_metadata({"huggingface": "{}"})),
        "the features in its schema are not those of its columns",
    ),
    "packed": (
        written(EXCLUSIONS, excluded(2), compression="zstd"),
        "is packed (ZSTD, PLAIN, RLE): its rows were not read",
    ),
    "coded": (
        written(EXCLUSIONS, excluded(2), use_dictionary=True),
        "is packed (UNCOMPRESSED, PLAIN, RLE, RLE_DICTIONARY): its rows were not read",
    ),
    "one group": (written(EXCLUSIONS, excluded(501)), "row group 1 is larger than this package"),
    "many columns": (
        written(EXCLUSIONS, pa.table({f"c{place}": [1] for place in range(200)})),
        "holds 200 columns: its rows were not read",
    ),
    "an impossible batch": (
        written(EXCLUSIONS, excluded(1).set_column(2, "batch", pa.array(["x"]))),
        "row 1, column batch: 'x' fails",
    ),
}


@pytest.mark.parametrize("case", PARQUET)
def test_a_hostile_table_is_named_and_nothing_in_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    change, said = PARQUET[case]
    monkeypatch.chdir(tmp_path)
    change(tmp_path)
    lines = named(tmp_path)
    assert any(said in line for line in lines), lines
    assert not Path("was-run").exists()


def test_a_shard_larger_than_any_is_not_read(
    release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxr_release.release.untrusted.readers.SHARD_BYTES", 4096)
    assert any(f"{SHARD}: is " in one and "more than 4,096" in one for one in named(release))
    assert "films decoded and held against their row" not in verify(release)["checked"]


def test_a_table_of_more_rows_than_any_is_not_read(
    release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxr_release.release.untrusted.readers.MOST_ROWS", 2)
    said = f"{EXCLUSIONS}: holds 3 rows in 1 groups: its rows were not read"
    assert said in named(release)


def test_a_file_that_cannot_be_read_is_named(
    release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def refuse(self: Path, *args: Any, **more: Any) -> Any:
        if self.name == "LICENSE":
            raise PermissionError(13, "Permission denied")
        return real(self, *args, **more)

    monkeypatch.setattr(Path, "open", refuse)
    assert "LICENSE: cannot be read: Permission denied" in named(release)


def leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every value of a document stands, mappings and lists too."""
    yield place
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(one, (*place, key))


OTHERS = (None, True, -1, 10**30, 1e308, "", "../x", [], {}, [[]], {"": {}}, ["a"], {"a": None})


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_record_of_any_shape_is_looked_at_to_the_end(
    release: Path, sound: Path, data: st.DataObject
) -> None:
    document = json.loads((sound / "release.json").read_bytes())
    places = [place for place in leaves(document) if place]
    chosen = data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=3, unique=True))
    for place in sorted(chosen, key=len, reverse=True):
        inner: Any = document
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = copy.deepcopy(data.draw(st.sampled_from(OTHERS)))
    file("release.json", json.dumps(document).encode())(release)
    report = verify(release)
    assert "files held against SHA256SUMS" in report["checked"]
    assert report["differences"] or document == json.loads((sound / "release.json").read_bytes())
    json.dumps(report, allow_nan=False)
    text_of(report)


@pytest.mark.parametrize("filler", ["![", "9"])
def test_a_card_that_was_made_to_take_long_does_not(release: Path, filler: str) -> None:
    path = release / "README.md"
    path.write_text(path.read_text() + 100_000 // len(filler) * filler)
    started = time.process_time()
    assert named(release)
    assert time.process_time() - started < 20
