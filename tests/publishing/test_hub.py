"""Names of repos and versions, and whom they are asked of."""

from __future__ import annotations

import huggingface_hub
import pytest
from huggingface_hub import constants

from cxr_release.errors import ReleaseError
from cxr_release.publishing import hub
from cxr_release.publishing.hub import Access

TOKEN = "hf_secretsecretsecret"  # noqa: S105 - of nobody


@pytest.mark.parametrize("text", ["cxr/films@v1.0.0", "a/b@main", "Org-1/x_y.z@1.0+a"])
def test_a_version_on_the_hub_is_told_by_its_form(text: str) -> None:
    assert hub.is_reference(text)
    found = hub.reference(text)
    assert f"{found.repo}@{found.tag}" == text


@pytest.mark.parametrize(
    "text",
    [
        *("data/release", "cxr/films", "films@v1", "a/b/c@v1", "cxr/films@", "@v1", "/films@v1"),
        *("", "../films@v1", "cxr/..@v1", "cxr/fi lms@v1", "cxr/films@v1/2", "cxr/films@-v1"),
        *("a/b@v1.lock", "cxr/fi--lms@v1", "cxr/films.git@v1", "cxr/films@v1..2", "a/b@v1\n"),
        "cxr/films?x@v1",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert not hub.is_reference(text)
    with pytest.raises(ReleaseError, match="ORG/NAME@TAG"):
        hub.reference(text)


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: TOKEN)


def endpoint(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", url)


@pytest.mark.parametrize(
    "url",
    [
        *("https://huggingface.co", "https://hub.example/", "http://127.0.0.1:80"),
        *("http://[::1]:9", "http://localhost:8000"),
    ],
)
def test_the_endpoint_is_the_librarys(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    endpoint(monkeypatch, url)
    access = hub.access_to("cxr/films")
    assert access.page == f"{url.rstrip('/')}/datasets/cxr/films"
    assert access.token == TOKEN
    assert TOKEN not in repr(access)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://hub.example", "unencrypted.*HF_ENDPOINT to https"),
        ("http://127.0.0.1.example", "unencrypted"),
        ("ftp://hub.example", "not the address of a Hub"),
        ("https://me:secret@hub.example", "not the address of a Hub"),
        ("https://", "not the address of a Hub"),
        ("https://hub.example?x", "not the address of a Hub"),
        ("https://hub.example:x", "not the address of a Hub"),
        ("hub.example", "not the address of a Hub"),
    ],
)
def test_an_endpoint_that_gives_the_token_away_is_refused(
    monkeypatch: pytest.MonkeyPatch, url: str, told: str
) -> None:
    endpoint(monkeypatch, url)
    with pytest.raises(ReleaseError, match=told) as caught:
        hub.access_to("cxr/films")
    assert TOKEN not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_whoever_has_no_token_may_read_from_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    endpoint(monkeypatch, "http://hub.example")
    assert hub.access_to("cxr/films").token is None


def test_a_token_that_is_none_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "hf_x\r\nHost: elsewhere")
    with pytest.raises(ReleaseError, match="hf auth login") as caught:
        hub.access_to("cxr/films")
    assert "elsewhere" not in str(caught.value)


@pytest.mark.parametrize("repo", ["films", "cxr/films/more", "../films", "cxr/", "cxr/fi lms", ""])
def test_a_repo_has_a_name_and_an_owner(repo: str) -> None:
    with pytest.raises(ReleaseError, match="ORG/NAME"):
        hub.access_to(repo)


def test_offline_mode_is_said_and_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ReleaseError, match="unset HF_HUB_OFFLINE"):
        hub.access_to("cxr/films")


@pytest.mark.parametrize(
    ("home", "token", "url", "safe"),
    [
        ("https://hub", TOKEN, "https://storage", True),
        ("https://hub", TOKEN, "http://hub", False),
        ("https://hub", None, "http://127.0.0.1:1", False),
        ("http://127.0.0.1:1", TOKEN, "http://127.0.0.1:2", True),
        ("http://127.0.0.1:1", TOKEN, "http://storage", False),
        ("http://mirror", None, "http://mirror", True),
    ],
)
def test_data_goes_only_where_it_is_safe(
    home: str, token: str | None, url: str, safe: bool
) -> None:
    assert hub.travels_safely(url, Access(home, "a/b", token)) is safe
