"""Labels out of people's files, and the faults of those."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.errors import SourceError
from cxr_release.scorecard.utility import labels as module
from cxr_release.scorecard.utility.labels import Labels, read_labels


def written(folder: Path, text: str | bytes, name: str = "labels.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def fault_of(path: Path) -> str:
    with pytest.raises(SourceError) as caught:
        read_labels(path)
    message = str(caught.value)
    assert path.name in message
    assert message.isprintable() or "\n" in message
    return message


def test_json_states_landmarks_classes_and_numbers(tmp_path: Path) -> None:
    stated = {
        "a.png": {"points": {"C2": [0, 1], "C7": [0.25, 0.5]}, "class": "kyphotic"},
        "b": {"number": -3, "class": None},
        "c.tif": {"points": {}},
    }
    labels = read_labels(written(tmp_path, json.dumps(stated), "labels.json"))
    assert labels.points == {"a.png": {"C2": (0.0, 1.0), "C7": (0.25, 0.5)}}
    assert labels.classes == {"a.png": "kyphotic"}
    assert labels.numbers == {"b": -3.0}
    assert labels.films == {"a.png", "b"}


def test_a_table_states_classes_or_one_number_and_leaves_out_what_is_empty(tmp_path: Path) -> None:
    classes = read_labels(written(tmp_path, "\ufefffile, class\na.png,x y\n\nb.png,\n"))
    assert classes.classes == {"a.png": "x y"}
    numbers = read_labels(written(tmp_path, 'angle,file\n-1e1,"a,b.png"\n 2 ,c\n'))
    assert numbers.numbers == {"a,b.png": -10.0, "c": 2.0}
    assert numbers.number_name == "angle"


def test_films_are_called_by_id_or_by_file_in_any_form_of_unicode() -> None:
    labels = Labels(classes={"a": "1", "u\u0308.PNG": "2", "c.v2.jpg": "3", "d.txt": "4", "e": "5"})
    ids = ["a", "\u00fc", "c.v2", "d", "a.png"]
    assert labels.of_ids(ids).classes == {"a": "1", "\u00fc": "2", "c.v2": "3"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: has the columns none: give `file` and one more"),
        ("file\na\n", "has the columns 'file'"),
        ("file,file\na,b\n", "has the columns 'file', 'file'"),
        ("file,class,angle\na,b,1\n", "has the columns 'file', 'class', 'angle'"),
        ("name,class\na,b\n", "has the columns 'name', 'class'"),
        ("file,\na,1\n", "a column whose name is not one line of 1 to 100 letters"),
        ("file,angle\na,1\nb,high\n", "line 3: has 'high', which is not a finite number"),
        ("file,angle\na,nan\n", "line 2: has 'nan', which is not a finite number"),
        ("file,angle\na,inf\n", "call the column `class` if its values are classes"),
        ("file,angle\na,1\na,2\n", "line 3: names 'a', as line 2 does"),
        ("file,angle\na.png,1\na,2\n", "a: is labelled under 2 names"),
        ("file,angle\n,1\n", "line 2: names no film"),
        ("file,angle\na,1,2\n", "line 2: has 3 cells, and the first line 2"),
        ("file,class\na," + "x" * 101 + "\n", "has a class that is not one line of 1 to 100"),
        ('file,class\na,"b\nc"\n', "line 3: has a class that is not one line"),
        ('file,class\na,"b\n', "is not CSV"),
        ("file,class\na,\n", "states no label of any film"),
        (b"file,class\na,\xff\n", "is not UTF-8 text"),
    ],
)
def test_faults_of_a_table_are_told_with_their_line(
    tmp_path: Path, text: str | bytes, words: str
) -> None:
    assert words in fault_of(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not JSON of labels"),
        ("[]", "is not a JSON object of films"),
        ('{"a": {"class": "x"}, "a": {}}', "the name 'a' stands there more than once"),
        ('{"a": {"points": {"C2": [0, 0], "C2": [1, 1]}}}', "the name 'C2' stands there more than"),
        ('{"a": {"number": NaN}}', "NaN is not a JSON number"),
        ('{"a": {"number": 1e999}}', "a: has a number that is not a finite one"),
        ('{"a": {"number": true}}', "a: has a number that is not a finite one"),
        ('{"a": {"number": ' + "9" * 400 + "}}", "a: has a number that is not a finite one"),
        ('{"a": {"number": ' + "9" * 5000 + "}}", "is not JSON of labels"),
        ('{"a": {"class": 3}}', "a: has a class that is not one line"),
        ('{"a": {"class": ""}}', "a: has a class that is not one line"),
        ('{"a": {"colour": 3}}', "a: is not an object of `points`, `class` and `number` alone"),
        ('{"a": 3}', "a: is not an object of `points`"),
        ('{"a": {"points": [1]}}', "a: has points that are not an object"),
        ('{"a": {"points": {"C2": [1]}}}', "a: has a point 'C2' that is not two finite numbers"),
        ('{"a": {"points": {"C2": "12"}}}', "a: has a point 'C2' that is not two finite numbers"),
        ('{"a": {"points": {"C2": [12, 0.5]}}}', "a point 'C2' outside the film: give x and y as"),
        ('{"a": {"points": {"C2": [-0.01, 0.5]}}}', "fractions of the film's width and height"),
        ('{"a": {"points": {"": [0, 0]}}}', "a: has a point whose name is not one line"),
        ("[" * 100_000, "is not JSON"),
        ("{}", "states no label of any film"),
        ('{"a\\u001b[2J": 3}', "a\\x1b[2J: is not an object"),
        ('{"\\ud800": 3}', "is not an object"),
    ],
)
def test_faults_of_json_are_told_with_their_film(tmp_path: Path, text: str, words: str) -> None:
    assert words in fault_of(written(tmp_path, text, "labels.json"))


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    rows = "".join(f"f{number},x\n" for number in range(50))
    assert "50 fault(s) in labels" in fault_of(written(tmp_path, f"file,angle\n{rows}"))


def test_a_file_that_is_too_large_or_none_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    large = written(tmp_path, "file,class\n" + "a,b\n" * 30)
    assert "cannot be read (is larger than 100 bytes)" in fault_of(large)
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    assert "cannot be read (is not a regular file)" in fault_of(pipe)
    assert "cannot be read (No such file" in fault_of(tmp_path / "absent.json")
    many = {"a": {"points": {f"p{number}": [0, 0] for number in range(1001)}}}
    monkeypatch.setattr(module, "MAX_BYTES", 2**20)
    assert "not an object of at most 1,000 names" in fault_of(
        written(tmp_path, json.dumps(many), "many.json")
    )


@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=60), table=st.booleans())
def test_no_text_does_anything_but_state_labels_or_be_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str, table: bool
) -> None:
    folder = tmp_path_factory.mktemp("labels")
    name = "labels.csv" if table else "labels.json"
    path = written(folder, text.encode("utf-8", "surrogatepass"), name)
    try:
        assert read_labels(path).films
    except SourceError as error:
        assert str(path) in str(error)
