"""The network as a folder to publish, where that is asked for; else an empty folder."""

from __future__ import annotations

from cxr_release.exit_status import execute
from cxr_release.files import whole_folder
from cxr_release.params.project import Params
from cxr_release.paths import Paths


def run(paths: Paths, params: Params) -> None:
    """Write the model's folder."""
    if not params.model.release:
        with whole_folder(paths.model) as partial:
            # DVC warns of an empty folder. To its hash, by .dvcignore, this file is not there.
            (partial / ".gitkeep").touch()
        return
    # Loaded only where it is needed: torch takes longer than all that the default does here.
    from cxr_release.release.model.package import write_model

    write_model(paths.release, paths.final, paths.model)


if __name__ == "__main__":
    execute(run)
