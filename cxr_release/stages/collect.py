"""Synthetic films that another generator drew: from a folder here or a dataset on the Hub."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cxr_release.collection.collect import Form, SourceFolder, collect
from cxr_release.exit_status import execute
from cxr_release.files import private, whole_folder
from cxr_release.params.project import Params
from cxr_release.params.sampling import SourceParams
from cxr_release.partials import scratch_folder
from cxr_release.paths import Paths
from cxr_release.publishing.dataset import fetch_films


def run(paths: Paths, params: Params) -> None:
    """Write the films of `sample.sources`, as sampling writes those of checkpoints."""
    with (
        private(paths.collected),
        _folders(paths, params) as folders,
        whole_folder(paths.collected) as output,
    ):
        collect(
            folders,
            output,
            Form(params.ingest.film_size, params.ingest.fit),
            initial=params.sample.initial,
        )


@contextmanager
def _folders(paths: Paths, params: Params) -> Iterator[Iterator[SourceFolder]]:
    """The sources in the order of their names; what is fetched for them is gone afterwards."""
    paths.collected.parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(paths.collected.with_name("collected-from-the-hub")) as fetched:
        yield (
            _folder(paths, name, source, fetched)
            for name, source in sorted(params.sample.elsewhere.items())
        )


def _folder(paths: Paths, name: str, source: SourceParams, fetched: Path) -> SourceFolder:
    skip = source.on_error == "skip"
    if source.kind == "folder":
        place = paths.root / source.path
        return SourceFolder(name=name, folder=place, kind="folder", shown=source.path, skip=skip)
    place = fetched / name
    place.mkdir()
    films = fetch_films(source.path, source.revision or "", place)
    return SourceFolder(
        name=name,
        folder=place,
        kind="hub",
        shown=f"{source.path}@{films.commit}",
        skip=skip,
        repository=source.path,
        commit=films.commit,
        passed_over=films.passed_over,
    )


if __name__ == "__main__":
    execute(run)
