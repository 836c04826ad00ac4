"""Pushing a released network: as datasets are pushed, and only where that is allowed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cxr_release.errors import ReleaseError
from cxr_release.publishing.fetch import open_release
from cxr_release.publishing.push import push, text_of
from tests.support.hub.requests import REPO
from tests.support.hub.world import World, files_of, noise
from tests.support.model_records import model_json, network_attack

pytest_plugins = ("tests.support.hub.fixture",)


@pytest.fixture
def network(model_world: World) -> World:
    return model_world


def test_a_network_is_on_main_of_the_model_repo_and_under_its_tag(network: World) -> None:
    report = network.push()
    network.require_published()
    assert (report["state"], report["tag"]) == ("pushed", "v1.0.0")
    assert report["url"] == f"{network.hub.url}/{REPO}/tree/v1.0.0"
    assert len(network.hub.store.commits()) == 2
    assert network.hub.stores["datasets"].repo is None
    assert f"pushed {REPO}@v1.0.0" in text_of(report)
    with network.hub.counting() as count:
        assert network.push()["state"] == "already there"
        assert count("POST", ".") == count("PUT", ".") == 0
    with open_release(f"{REPO}@v1.0.0", kind="model") as folder:
        assert files_of(folder) == files_of(network.folder)


def test_its_tag_never_moves_and_the_next_version_sends_what_changed(network: World) -> None:
    network.push()
    network.release("1.0.0", shard_1=noise(11))
    with pytest.raises(ReleaseError, match="holds another release, and a tag is never moved"):
        network.push()
    network.release("1.0.1", shard_1=noise(11))
    with network.hub.counting() as count:
        network.push()
        assert count("PUT", ".") == 1
    network.require_published("v1.0.1")


def test_a_lost_answer_and_a_failing_hub_are_survived(network: World) -> None:
    for method, path in [("POST", "/repos/create"), ("PUT", "/lfs/"), ("POST", "/tag/")]:
        network.hub.trouble(method, path, status=503)
    network.hub.trouble("POST", "/commit/", lose=True)
    network.push()
    network.require_published()
    assert len(network.hub.store.commits()) == 2


def test_a_dataset_repo_of_the_same_name_is_another_one(network: World) -> None:
    network.hub.stores["datasets"].create(REPO, private=True)
    before = network.hub.stores["datasets"].commits()
    network.push()
    assert network.hub.stores["datasets"].commits() == before


def refusal(network: World, record: dict[str, Any], **options: Any) -> str:
    """What a push of such a network says; nothing is made on the Hub."""
    (network.folder / "model.json").write_text(json.dumps(record))
    with network.hub.counting() as count, pytest.raises(ReleaseError) as caught:
        network.push(**options)
        assert count("POST", ".") == count("PUT", ".") == 0
    assert network.hub.store.repo is None
    return str(caught.value)


NOT_MADE = {
    **{"attack": "calibrated loss", "access": "the network's weights", "unit": "film"},
    **{"measurable": False, "why_not": "no reference network"},
}


def rate(high: float) -> list[dict[str, Any]]:
    return [{"at_most_fpr": 0.01, "false_positives": 1, "value": 0.01,
             "interval": [0.0, high], "measurable": True}]  # fmt: skip


@pytest.mark.parametrize(
    ("attacks", "said"),
    [
        ([], "was not made on this checkpoint"),
        ([NOT_MADE], "is not evidence: no reference network"),
        ([network_attack(measurable=False, why_not="no power")], "is not evidence: no power"),
        ([network_attack(controls=99)], "had 99 control films, of at least 100"),
        ([network_attack(leaks=["auc"])], "finds films that the network learnt from (auc)"),
        ([network_attack(tpr=[])], "states no rate of hits at 1 % false positives"),
        ([network_attack(tpr=rate(0.0501))], "up to 5.0% of the films"),
        ([network_attack(), network_attack(attack="PIA", tpr=rate(0.2))], "PIA: may find up to 20"),
    ],
)
def test_without_an_attack_that_found_little_no_weights_go_out(
    network: World, attacks: list[dict[str, Any]], said: str
) -> None:
    told = refusal(network, model_json(attacks=attacks))
    assert "these weights were not shown to give nobody away" in told
    assert said in told
    assert refusal(network, model_json(attacks=attacks), dry_run=True) == told


def test_the_limit_is_the_project_s_own(network: World) -> None:
    attacks = [network_attack(tpr=rate(0.05))]
    assert "allows 4.0%" in refusal(network, model_json(attacks=attacks, most_tpr=0.04))
    (network.folder / "model.json").write_text(json.dumps(model_json(attacks=attacks)))
    network.push()


def test_somebody_must_type_what_is_let_go(network: World) -> None:
    for typed in (None, "", "yes", "cxr/film"):
        told = refusal(network, model_json(), allow_weights=typed)
        assert "weights that are out cannot be called back" in told
        assert f"add --allow-weights {REPO}" in told
    assert network.push(dry_run=True, allow_weights=None)["state"] == "dry run"
    assert network.hub.store.repo is None


def test_it_goes_where_its_card_says_under_its_own_name(network: World) -> None:
    told = refusal(network, model_json(repository="cxr/others"))
    assert "is to be published as cxr/others, and its card says so: not cxr/films" in told
    assert "never set" in refusal(network, model_json(unset=["license"]))
    assert "has the tag v1.0.0" in refusal(network, model_json(), tag="v2.0.0")
    with pytest.raises(ReleaseError, match="is a released network, not a dataset: add --model"):
        push(network.folder, repo=REPO, tag=None, private=False, dry_run=True,
             allow_unreviewed=False, ledger=None)  # fmt: skip
    (network.folder / "model.json").unlink()
    with pytest.raises(ReleaseError, match=r"is not the folder of a released network.*data/model"):
        network.push()
