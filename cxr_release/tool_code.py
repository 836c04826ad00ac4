"""The installed code of this package, by hashes: what projects outside of its source depend on.

In the source tree a stage's code is a dependency of files. A project that `cxr-release init` made
holds no code: `tool.yaml` there has a hash of each module and folder that its stages run, and its
`dvc.yaml` names them as parameters.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cxr_release import plain_yaml
from cxr_release.errors import CxrReleaseError, ParamsError, one_line
from cxr_release.files import tree_sha256
from cxr_release.spelling import did_you_mean

TOOL = "tool.yaml"
CODE = "code"
"""Section of `tool.yaml` with the hashes."""
_PACKAGE = Path(__file__).parent
_PREFIX = f"{_PACKAGE.name}/"


def is_code(dependency: str) -> bool:
    """Whether a dependency of the source tree's dvc.yaml is code of this package."""
    return dependency.startswith(_PREFIX)


def name_of(dependency: str) -> str:
    """What `tool.yaml` calls code: `films/labels` for `cxr_release/films/labels.py`.

    Without a full stop, which parts sections in DVC's names of parameters.
    """
    return dependency.removeprefix(_PREFIX).removesuffix(".py")


def installed_sha256(name: str) -> str:
    """SHA-256 of a module or folder of the installed package; empty where it has none such."""
    folder = _PACKAGE / name
    path = folder if folder.is_dir() else folder.with_name(f"{folder.name}.py")
    return tree_sha256(path) if path.exists() else ""


def read_tool(root: Path) -> dict[str, Any] | None:
    """`tool.yaml` of a project: `version`, `preset`, `pipeline` and `code`; None in a source tree.

    Raises:
        ParamsError: it cannot be read, or holds something else.
    """
    where = root / TOOL
    try:
        tool = plain_yaml.of_file(where)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ParamsError(one_line(error.strerror or str(error)), where=str(where)) from error
    except plain_yaml.NotPlainError as error:
        raise ParamsError(f"is not plain YAML: {error}", where=str(where)) from None
    code = tool.get(CODE) if isinstance(tool, dict) else None
    if not isinstance(code, dict) or not all(isinstance(value, str) for value in code.values()):
        raise ParamsError(
            "is not what cxr-release wrote", where=str(where), remedy="take it back from git"
        )
    return dict(tool)


def changed_code(tool: dict[str, Any], names: list[str]) -> list[str]:
    """Which of some modules and folders the installed package has otherwise than a project."""
    return [name for name in names if tool[CODE].get(name) != installed_sha256(name)]


def code_of(declared: dict[str, Any]) -> list[str]:
    """Names of the code that a stage of a project's dvc.yaml runs."""
    keys = [
        key
        for entry in declared.get("params", [])
        if isinstance(entry, dict)
        for key in entry.get(TOOL, [])
    ]
    return [key.removeprefix(f"{CODE}.") for key in keys]


def require_installed(root: Path, stage: str) -> None:
    """Refuse to run a stage with other code than the project says that it is run with.

    Else what is made now would stand beside what older code made, and DVC would take both for one.

    Raises:
        CxrReleaseError: the installed package has other code.
        ParamsError: dvc.yaml or tool.yaml cannot be read.
    """
    tool = read_tool(root)
    if tool is None:
        return
    where = root / "dvc.yaml"
    try:
        stages = plain_yaml.of_file(where)["stages"]
        declared = stages[stage]
    except (OSError, plain_yaml.NotPlainError, TypeError):
        raise ParamsError("holds no stages", where=str(where)) from None
    except KeyError:
        raise ParamsError(
            f"holds no stage {stage}", where=str(where), remedy=did_you_mean(stage, stages)
        ) from None
    changed = changed_code(tool, code_of(declared))
    if changed:
        raise CxrReleaseError(
            f"the installed cxr-release has other code of stage {stage} than this project was made"
            f" with: {', '.join(changed)}",
            where=TOOL,
            remedy="`cxr-release upgrade` takes it up and says which stages run again;"
            f" or install version {tool.get('version', 'of before')} again",
        )
