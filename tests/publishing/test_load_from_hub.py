"""A pushed release opens elsewhere: a fresh process, an empty cache, `load_dataset` and a tag."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from cxr_release.files import read_json, write_json
from tests.support.hub.server import Hub
from tests.support.hub.world import HERE, environment, files_of, run_client
from tests.support.release_artefacts import make_release, small_params


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A real release, whose reviews are said to be complete."""
    folder = make_release(tmp_path / "made", small_params())
    record = read_json(folder / "release.json")
    for review in record["reviews"].values():
        review["state"] = "complete"
    write_json(folder / "release.json", record)
    return folder


def pixels_of(shard: Path) -> dict[str, str]:
    table = pq.read_table(shard, columns=["id", "image"]).to_pylist()
    return {
        row["id"]: hashlib.sha256(
            Image.open(io.BytesIO(row["image"]["bytes"])).tobytes()
        ).hexdigest()
        for row in table
    }


def test_a_release_opens_elsewhere_pixel_for_pixel(release: Path, tmp_path: Path) -> None:
    """Plain and streaming, from a Hub with Xet and from one without."""
    shards = {
        path.parent.name: pixels_of(path) for path in release.glob("data/checkpoint-*/*.parquet")
    }
    everything = {name: data for films in shards.values() for name, data in films.items()}
    loaders = {}
    with ExitStack() as stack:
        for kind in ("lfs", "xet"):
            xet = kind == "xet"
            hub = stack.enter_context(Hub(tmp_path / kind, xet=xet))
            code, _, err = run_client(
                release, environment(hub.url, tmp_path / f"{kind}-pusher", xet=xet)
            )
            assert code == 0, err
            assert hub.store.files("v1.0.0") == files_of(release)
            reader = environment(hub.url, tmp_path / f"{kind}-reader", xet=xet, token=None)
            command = [sys.executable, str(HERE / "loader.py"), "v1.0.0"]
            loaders[kind] = (
                hub,
                subprocess.Popen(
                    command, env=reader, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
                ),
            )
        for hub, loader in loaders.values():
            out, err = loader.communicate(timeout=120)
            assert loader.returncode == 0, err
            loaded = json.loads(out)
            assert loaded == {"default": everything, "checkpoint-1": shards["checkpoint-1"]}
            assert hub.count("GET", "/cas/xorbs/") == (2 if hub.cas else 0), "Xet was used"
