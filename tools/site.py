"""What `make docs` does beyond mkdocs: pages of other folders, links to code, and formulas.

GitHub shows the same Markdown in the repository. A hook of mkdocs; see `mkdocs.yml`.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
ELSEWHERE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "benchmarks.md",
    "examples/README.md": "examples.md",
}
"""File in the repository, outside of `docs/` → its page."""
PICTURES = {"benchmarks/recall.png": "recall.png"}
LINK = re.compile(r"(?P<bang>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)\)")
FORMULA = re.compile(
    r"^ *```math\n(.*?)\n *```"
    r"|^ *```.*?^ *```|`[^`\n]+`"
    r"|\$\$(.+?)\$\$"
    r"|(?<![\w$\\])\$(?=\S)([^$]+?)(?<=\S)\$(?![\w$])",
    re.MULTILINE | re.DOTALL,
)
"""A formula; or code, in which nothing is one."""
PLACE = "formula{}formula"
"""What stands in the place of a formula while Markdown becomes HTML, which knows no MathML."""


def on_files(files: Files, config: Any) -> Files:
    """Add the pages of other folders, and their pictures."""
    for source, page in ELSEWHERE.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=text))
    for source, picture in PICTURES.items():
        files.append(File.generated(config, picture, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Lead links to where things are on the site, and take formulas out."""
    here = page.file.src_uri
    origin = {page: source for source, page in ELSEWHERE.items()}.get(here, f"docs/{here}")
    linked = LINK.sub(lambda link: _link(link, origin, here), markdown)
    page.meta["formulas"] = formulas = []

    def taken(formula: re.Match[str]) -> str:
        block, inline = formula[1] or formula[2], formula[3]
        if not (block or inline):
            return formula[0]
        display = "block" if block else "inline"
        formulas.append(convert(_known(block or inline), display=display))
        return PLACE.format(len(formulas) - 1)

    return FORMULA.sub(taken, linked)


def on_page_content(html: str, page: Any, config: Any, files: Files) -> str:
    """Set the formulas, as MathML."""
    for place, formula in enumerate(page.meta.get("formulas", ())):
        html = html.replace(PLACE.format(place), formula, 1)
    return html


def _link(link: re.Match[str], origin: str, here: str) -> str:
    target, hash_sign, anchor = link["target"].partition("#")
    if not target or re.match(r"[a-z]+:", target):
        return link[0]
    place = posixpath.normpath(posixpath.join(posixpath.dirname(origin), target))
    if place in ELSEWHERE or place in PICTURES:
        page = (ELSEWHERE | PICTURES)[place]
    elif place == "docs/decisions":
        page = "decisions/README.md"
    elif place.startswith("docs/"):
        page = place.removeprefix("docs/")
    elif (ROOT / place).exists():
        # The site holds no source code: it is named where the pointer rests on the text.
        text = link["text"]
        return f'{text}{{title="{place}"}}' if text.startswith("`") else text
    else:
        return link[0]
    away = posixpath.relpath(page, posixpath.dirname(here) or ".")
    return f"{link['bang']}[{link['text']}]({away}{hash_sign}{anchor})"


def _known(formula: str) -> str:
    r"""A formula on one line, in what latex2mathml knows: not `\lVert` behind `\big`."""
    return re.sub(r"\\[lr]Vert\b", r"\\|", " ".join(formula.split()))
