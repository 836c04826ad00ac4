"""What holds for all tests."""

from __future__ import annotations

import gc
import hashlib
import itertools
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.support.once import FOLDER

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

LONGEST = (
    "test_pipeline.py",
    "test_broken_inputs.py",
    "test_push_silence.py",
    "test_adjudicate_page.py",
    "test_screening_page.py",
    "test_study_page.py",
    "test_screening_by_keyboard.py",
    "test_training.py",
    "test_sampling.py",
    "test_push_faults.py",
    "test_facing.py",
    "test_full_disk.py",
    "test_api.py",
    "test_networks.py",
    "test_inception.py",
    "test_ingest.py",
    "test_ingest_killed.py",
    "test_audit.py",
    "test_cli.py",
    "test_score.py",
    "test_serve.py",
)
"""Files that take longest, the longest first: each is one worker's."""

SLOW = (
    *("cli", "encoders", "fidelity", "generators", "memorization", "publishing", "scorecard"),
    "stages",
    *("release/test_proofs.py", "release/test_proofs_outlast.py", "release/test_versions.py"),
    *("release/test_verify_mutations.py", "release/test_control_films.py"),
    *(
        "release/test_card_scorecard.py",
        "release/test_class_measures.py",
        "release/test_landmarks.py",
    ),
    *("release/model", "release/signatures", "review_app/browser"),
    *("test_pipeline.py", "test_full_disk.py"),
)
"""Folders and files whose tests run a pipeline, networks, a browser or a Hub, or package many
releases."""
STARTS = re.compile(
    r"^\s*(?:import|from) (?:subprocess|multiprocessing|torch|tests\.support\.(?:browser|hub))\b",
    re.MULTILINE,
)
"""What a file imports whose tests start processes or networks, wherever it lies."""

# A shell without job control lets what it starts in the background ignore Ctrl-C, and so would
# every process of a test whose end by Ctrl-C is what is tested.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# No test cuts the power, so none can see what fsync adds; and each call waits for a disk. What is
# asked for, in which order, and what follows from its failure is tested (support/failing_disk.py).
def _fsync_nothing(descriptor: FileDescriptorLike) -> None:
    os.fstat(descriptor if isinstance(descriptor, int) else descriptor.fileno())


os.fsync = _fsync_nothing

# Of what is imported for the tests, nothing becomes garbage: it is not looked for among a million
# objects before all are there.
gc.disable()

# Nothing is timed in a test: a machine at work on something else is no fault.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    """Give a run, whose workers inherit it, a folder for what is made once for all of them."""
    if not hasattr(config, "workerinput"):
        folder = tempfile.mkdtemp(prefix="cxr-release-tests-")
        os.environ[FOLDER] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where what is slow is left out, do not even import it: torch alone takes seconds."""
    left_out = "not slow" in config.option.markexpr.split(" and ")
    return True if left_out and _is_slow(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, and begin with what takes longest: no worker waits for another's end."""
    for item in items:
        if _is_slow(item.path):
            item.add_marker(pytest.mark.slow)
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


def pytest_collection_finish() -> None:
    """Spare the garbage collector all that was imported: torch, sympy and pandas are a million
    objects, which took two thirds of the time of tests that allocate much.
    """
    gc.freeze()
    gc.enable()


def pytest_sessionfinish() -> None:
    """Let what was spared go, or libraries report at the end that it was leaked."""
    gc.unfreeze()


@cache
def _is_slow(path: Path) -> bool:
    place = path.relative_to(Path(__file__).parent)
    if any(place.is_relative_to(each) for each in SLOW):
        return True
    return path.suffix == ".py" and path.is_file() and bool(STARTS.search(path.read_text()))


@pytest.fixture(scope="session", autouse=True)
def _the_same_chance_in_each_run() -> Iterator[None]:
    """Orders of films, keys and links are drawn by chance: of a test, in this process, the same in
    each run. What holds for nearly all orders would fail now and then, and never when looked for.
    """
    by_chance, here = secrets.token_bytes, os.getpid()
    drawn: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)

    def told(size: int | None = None) -> bytes:
        if os.getpid() != here:  # a fork would draw what this process draws
            return by_chance(size)
        test = os.environ.get("PYTEST_CURRENT_TEST", "")
        seed = f"{test} {next(drawn[test])}"
        return hashlib.shake_256(seed.encode()).digest(size or secrets.DEFAULT_ENTROPY)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "token_bytes", told)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_collecting_by_statsmodels() -> Iterator[None]:
    """Its multipletests collects garbage each time: in a test run, nearly all its time.

    All other callers collect as they ask to.
    """
    collect = gc.collect

    def collected(generation: int = 2) -> int:
        caller = str(sys._getframe(1).f_globals.get("__name__"))
        return 0 if caller.startswith("statsmodels.") else collect(generation)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "collect", collected)
        yield
