"""The table of keys: one key, one action; and a project's own keys, read strictly."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxr_release.errors import CxrReleaseError
from cxr_release.review_app.desk import with_keys
from cxr_release.review_app.key_settings import load_keys
from cxr_release.review_app.keys import PAGES, ROWS, STANDARD, as_markdown, groups_of, name_of
from cxr_release.review_app.pages import STATIC
from cxr_release.review_app.serve import serve
from cxr_release.review_app.site import Site
from tests.support import ROOT

SHARED = {
    *("undo", "redo", "previous", "next", "help", "invert", "reset"),
    *("zoom-in", "zoom-out", "brighter", "darker", "narrower", "wider"),
}
"""What every page has."""


def actions_of(page: str) -> dict[str, str]:
    """Key → action, as a page is told."""
    told = [key for group in groups_of(page) for key in group["keys"]]
    return {key: each["action"] for each in told for key in each["keys"]}


def test_a_key_has_one_action_whatever_the_page() -> None:
    counted = Counter(key for keys in STANDARD.values() for key in keys)
    assert counted.most_common(1)[0][1] == 1
    pages = {page: actions_of(page) for page in PAGES}
    for key in {key for actions in pages.values() for key in actions}:
        assert len({actions[key] for actions in pages.values() if key in actions}) == 1
    assert len({action for actions in pages.values() for action in actions.values()}) == len(
        STANDARD
    )


def test_every_page_has_what_all_share_and_no_letter_judges_on_two() -> None:
    pages = {page: {*actions_of(page).values()} for page in PAGES}
    assert all(actions >= SHARED for actions in pages.values())
    judging = [row for row in ROWS if row.group == "decide"]
    for action in (action for row in judging for action in row.keys):
        keys = STANDARD[action]
        if action in {"undo", "redo", "retract", "note"} or keys[0].isdigit():
            continue
        assert sum(action in actions for actions in pages.values()) == 1, action


def test_a_held_key_repeats_no_decision_and_no_undo() -> None:
    repeats = {action for row in ROWS if row.repeats for action in row.keys}
    decides = {action for row in ROWS for action in row.keys if row.group == "decide"}
    moves = {action for action in decides if action.startswith(("fine-", "coarse-"))}
    assert repeats & decides == moves


@pytest.mark.parametrize("page", PAGES)
def test_every_action_that_a_page_has_is_done_by_its_scripts(page: str) -> None:
    """And no script names a key or an action that is not in the table."""
    scripts = [*(STATIC / page).glob("*.js"), *(STATIC / "shared").glob("*.js")]
    text = "\n".join(path.read_text() for path in scripts)
    for action in actions_of(page).values():
        stem = re.sub(r"-(\d+|left|right|up|down)$", "", action)
        assert re.search(rf"\b{re.escape(stem)}\b", text), action
    named = re.findall(r'(?:keyName|helpRow)\("([^"]+)"\)', text)
    assert {*named} <= STANDARD.keys()
    assert "keydown" not in "".join(
        path.read_text() for path in (STATIC / page).glob("*.js") if path.name != "findings.js"
    )


def test_the_documents_name_the_keys_of_the_table() -> None:
    document = (ROOT / "docs/keys.md").read_text()
    assert as_markdown() in document
    for page, path in (("landmark", "docs/landmarks.md"), ("clear", "docs/burned-in-text.md")):
        text = (ROOT / path).read_text()
        assert as_markdown(page) in text
        assert "keys.md" in text
    reviewing = (ROOT / "docs/reviewing.md").read_text()
    prevalence = (ROOT / "docs/prevalence.md").read_text()
    for action, text, said in (
        ("exclude", reviewing, "`{}` for the last one"),
        ("go-on", reviewing, "{} keeps"),
        ("mirror", reviewing, "`{}` says that a film faces right"),
        ("mirror", reviewing, "`{}` on the page, or `cxr-release facing`"),
        ("enlarge", reviewing, "{} enlarges with"),
        ("undo", reviewing, "`{}` undoes"),
        ("help", reviewing, "`{}` shows every key"),
        ("findings", reviewing, "`{}` on the page notes"),
        ("as-generated", reviewing, "`{}` shows both as they are"),
        ("view", reviewing, "`{}` goes from side by side to flicker and difference"),
        ("findings", prevalence, "the key `{}` opens them"),
    ):
        assert said.format(name_of(STANDARD[action][0])) in text, said
    command = (ROOT / "cxr_release/cli/pages.py").read_text()
    assert f"Press {name_of(STANDARD['help'][0])} on the page" in command


def written(folder: Path, text: str) -> Path:
    path = folder / "keys.yaml"
    path.write_text(text)
    return path


def test_a_project_without_the_file_or_with_the_shipped_one_has_the_standard_keys(
    tmp_path: Path,
) -> None:
    assert load_keys(tmp_path / "keys.yaml") == STANDARD
    assert load_keys(ROOT / "cards/keys.yaml") == STANDARD


@pytest.mark.parametrize("place", ["cards/keys.yaml", "docs/keys.md"])
def test_the_examples_can_be_used(tmp_path: Path, place: str) -> None:
    text = (ROOT / place).read_text()
    block = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    example = block[1] if block else re.sub(r"(?m)^# (\w[\w-]*: )", r"\1", text)
    changed = load_keys(written(tmp_path, example))
    assert changed != STANDARD
    assert changed.keys() == STANDARD.keys()


def test_a_project_changes_keys_and_may_swap_two(tmp_path: Path) -> None:
    changed = load_keys(written(tmp_path, "keep: x\nexclude: [k, shift+x]\nchoice-10: ','\n"))
    assert (changed["keep"], changed["exclude"]) == (("x",), ("k", "shift+x"))
    assert changed["undo"] == STANDARD["undo"]
    told = [key for group in groups_of("review", changed) for key in group["keys"]]
    shown = {key["action"]: (key["shown"], key["name"]) for key in told}
    assert shown["exclude"] == ("k, Shift + X", "k")
    assert shown["choice-1"] == ("1 … ,", "1")


@pytest.mark.parametrize(
    "text, line, what",
    [
        ("# first\nudno: u", 2, "udno: no page has such an action: did you mean undo?"),
        ("qqqq: u", 1, "no page has such an action"),
        ("keep: x", 1, "'x' has the action exclude already"),
        ("keep: [';', ';']", 1, "';' is there twice"),
        ("undo: []", 1, "is left without a key"),
        ("undo: null", 1, "expected a key, or a list of keys"),
        ("undo: {u: 1}", 1, "expected a key, or a list of keys"),
        ("undo: [[u]]", 1, "expected a key, or a list of keys"),
        ("undo: true", 1, "expected a key, or a list of keys"),
        ("keep: K", 1, "'K' is a capital"),
        ("keep: ctrl+t", 1, "'ctrl+t' is kept by the browser or the system"),
        ("keep: ctrl+shift+n", 1, "'ctrl+shift+n' is kept by the browser or the system"),
        ("keep: f5", 1, "'f5' is kept by the browser or the system"),
        ("keep: tab", 1, "'tab' is kept by the browser or the system"),
        ("keep: shift+tab", 1, "'shift+tab' is kept by the browser or the system"),
        ("keep: alt+k", 1, "'alt+k' is not a key"),
        ("keep: leertaste", 1, "'leertaste' is not a key"),
        ("keep: ''", 1, "'' is not a key"),
        ("keep: escape", 1, "'escape' presses buttons and closes windows"),
    ],
)
def test_keys_that_cannot_be_are_refused_with_line_and_remedy(
    tmp_path: Path, text: str, line: int, what: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(CxrReleaseError) as refused:
        load_keys(path)
    fault = next(str(fault) for fault in refused.value.faults if what in str(fault))
    assert f"keys.yaml, line {line}: " in fault
    assert fault.partition(what)[2] or "did you mean" in what


@pytest.mark.parametrize("text", ["- u", "u", "1: u", "undo: u\nundo: y", "undo: &a u", "undo: ["])
def test_what_is_not_such_a_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(CxrReleaseError) as refused:
        load_keys(written(tmp_path, text))
    assert "keys.yaml" in refused.value.where
    assert refused.value.remedy


KEYS = st.one_of(
    st.sampled_from([key for keys in STANDARD.values() for key in keys]),
    st.sampled_from([*"abcxyz019,;./'", "home", "delete", "ctrl+k", "shift+q", "K", "f5", "ä"]),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(
        st.sampled_from([*STANDARD]), st.lists(KEYS, max_size=3), min_size=1, max_size=4
    )
)
def test_whatever_is_taken_in_has_one_action_a_key_and_a_key_an_action(
    tmp_path: Path, changes: dict[str, list[str]]
) -> None:
    text = "".join(f"{action}: {[*keys]!r}\n" for action, keys in changes.items())
    try:
        taken = load_keys(written(tmp_path, text.replace('["\'"]', '["\'"]')))
    except CxrReleaseError as error:
        assert error.faults
        return
    assert taken == {**STANDARD, **{action: tuple(keys) for action, keys in changes.items()}}
    counted = Counter(key for keys in taken.values() for key in keys)
    assert all(taken.values()) and set(counted.values()) == {1}


def test_a_server_tells_its_pages_the_project_s_keys_and_starts_with_no_wrong_ones(
    desk: Any, tmp_path: Path
) -> None:
    changed = load_keys(written(tmp_path, "keep: ';'"))
    desk.app = with_keys(desk.app, changed)
    assert desk.ask("setup").json()["keys"] == groups_of("review", changed)
    wrong = Site("127.0.0.1", 0, keys=written(tmp_path, "keep: x"))
    with pytest.raises(CxrReleaseError, match="1 key cannot be set so"):
        serve(lambda _: pytest.fail("no page is made"), wrong, ["a.b"])
