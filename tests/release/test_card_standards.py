"""Whether the card answers what the standards ask, from the record alone, whatever is known."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jinja2
import pyarrow.parquet as pq
import pytest
from markdown_it import MarkdownIt

from cxr_release.files import read_json
from cxr_release.params.project import Params
from cxr_release.release import package
from cxr_release.release.documents.card import header_of
from cxr_release.release.documents.filled import TOMBSTONES_SHOWN
from cxr_release.release.documents.rendered import Sources, documents_of
from cxr_release.release.layout import DATASHEET as SHEET
from cxr_release.release.versions.published import enter
from tests.support.card_rules import (
    first_screen,
    header_and_body,
    lint,
    rendered,
    slug,
    written,
)
from tests.support.records import changed as other
from tests.support.release_artefacts import (
    EXCLUDED,
    REPOSITORY,
    TEMPLATES,
    make_release_of,
    small_params,
    write_inputs,
)
from tests.support.release_configs import configs_of

SAID = {
    "purpose": "To teach how a neck is read",
    "population": "Adults of one hospital, 2010 to 2020",
    "publisher": "Hospital of X",
    "funding": "Grant 7 of the Y fund",
    "interests": "None.",
    "ethics": "Approved by the committee of X",
    "identifier": "10.5281/zenodo.1234",
}
CARD_OF_SHEET = "../README.md"
Made = dict[str, tuple[Path, Sources]]
"""Releases by a name, and what their documents were made of."""


def packaged(
    root: Path,
    params: Params,
    *,
    earlier: Path | None = None,
    excluded: Mapping[str, str] = EXCLUDED,
) -> tuple[Path, Sources]:
    """A release, and what its documents were made of."""
    given: list[Sources] = []

    def remember(sources: Sources) -> dict[str, str]:
        given.append(sources)
        return documents_of(sources)

    inputs = write_inputs(root / "artefacts", excluded=excluded)
    if earlier:
        enter(inputs.published, earlier)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(package, "documents_of", remember)
        return make_release_of(inputs, params, root), *given


def of(params: Params, version: str = "1.0.0", source: str = "data/raw", **said: str) -> Params:
    """Parameters of local films, about which `said` is all that is known."""
    release = replace(params.release, version=version, **said)
    return replace(params, release=release, ingest=replace(params.ingest, source=source))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A demo, local films of which nothing is said, and a later version of which all is."""
    root, params = tmp_path_factory.mktemp("cards"), small_params()
    first = packaged(root / "local", of(params))
    later = packaged(
        root / "later",
        of(params, "1.1.0", **SAID),
        earlier=first[0],
        excluded=EXCLUDED | {"checkpoint-1-large-00001": "vertebra-count"},
    )
    return {"demo": packaged(root / "demo", params), "local": first, "later": later}


def card_of(made: Made, name: str) -> str:
    return header_and_body(written(made[name][0]))[1]


def changed(made: Made, name: str, /, **changes: Any) -> str:
    """The card of a release whose record says something else."""
    sources = made[name][1]
    return rendered(other(sources.record, **changes), sources.configs, sources.pairs)


def section(card: str, title: str) -> str:
    found = card.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    assert found.strip(), title
    return found


def words(text: str) -> str:
    return " ".join(text.replace("\n>", "\n").split())


WHY = "Why it was made, and by whom"
HOW, WHO, DATA = "How it was made", "Who is in it, and who is not", "Data protection and ethics"
VERSIONS, AGAIN = "Versions and withdrawn films", "Make it again"
MEASURES, STUDY = "Losses and distances", "Blinded reader study"
UPKEEP, CHECKED = "Maintenance and contact", "Checked before packaging"

DATASHEET = """
For what purpose was it made? | Why it was made, and by whom | purpose\\? \\| Its publishers
Who made it, and on whose behalf? | Why it was made, and by whom | By whom\\? \\| The cxr-release
Who paid for it? | Why it was made, and by whom | Paid for by \\| Its publishers have not stated
What is an instance? | What is in it | One row is one film
How many are there? | What is in it | \\*\\*13\\*\\*
All of them, or a sample? | What is in it | not a sample of a larger set
What does an instance consist of? | Columns | `pixel_sha256` \\| string
Is there a label or target? | What is in it | no label and no target
Is anything missing from instances? | What is in it | No row lacks a value
How are instances related? | What is in it | none is a second view
Are splits recommended? | What is in it | no other split is advised
Errors, noise, redundancy? | What is in it | 2 of 16 generated films are as near to another
Errors, noise, redundancy? | Limits | subtle ones stay
Does it stand alone? | What is in it | Nothing has to be fetched
Does it hold what is confidential? | Data protection and ethics | carry no name, age, sex
May it offend or frighten? | What is in it | can mislead and disturb
Does it identify groups of people? | Who is in it, and who is not | none belongs to a group
Can people be identified from it? | Memorization | Whether a patient can be recognised
Does it hold what is sensitive? | Data protection and ethics | as sensitive as that one
How was each instance acquired? | How it was made | \\*\\*Sampling.\\*\\*
By what mechanisms, and how were they validated? | Checked before packaging | counts that close
If a sample, by what strategy? | What is in it | not a sample
Who was involved, and how were they paid? | Screening | whether they were paid
Over what time? | Who is in it, and who is not | When the source films were taken
Was it reviewed ethically? | Data protection and ethics | whether a committee approved
Directly from people, or through others? | How it was made | as files, not from patients
Were people told, and did they consent? | Data protection and ethics | were asked or told
Can consent be taken back? | Versions and withdrawn films | To have a film withdrawn
Was the impact on people analysed? | Data protection and ethics | its impact on them was assessed
What was done? | How it was made | From source film to training film
Is the raw data kept? | Distribution | What is kept back
Is the software available? | Make it again | the program `cxr-release`
Has it been used already? | Uses | Used so far
Is there a list of papers that use it? | Uses | No list
What else could it be used for? | Uses | Meant for
What in it may affect later uses? | Limits | one run and one source
What should it not be used for? | Uses | Not for
To whom is it given? | Distribution | To whom
How, and has it a DOI? | Distribution | stated no DOI
When? | Distribution | The host dates the tag
Under which licence? | Licence and attribution | cc-by-4.0
Have third parties rights in it? | Licence and attribution | No right of others is known
Do export rules apply? | Distribution | export rules
Who hosts and maintains it? | Maintenance and contact | Published and kept up by The cxr
How can they be reached? | Maintenance and contact | Write to <https://
Is there an erratum? | Versions and withdrawn films | CHANGELOG.md
Will it be updated? | Maintenance and contact | no date is promised
Are there limits on how long data of people are kept? | Data protection and ethics | No limit is set
Do older versions stay? | Versions and withdrawn films | older versions stay
Can others add to it? | Maintenance and contact | Others can add
"""
STANDING_TOGETHER = """
Identity and access | Distribution | tag for each version
Identity and access | Cite | @misc
Motivation and intended use | Uses | Meant for
Curators and their interests | Why it was made, and by whom | Competing interests \\| Its publishers
That the data are synthetic, and how made | How it was made | UNet2DModel
Origin of the data, and why this one | How it was made | \\*\\*Source.\\*\\* not stated
Who is represented, and who is not | Who is in it, and who is not | neither years, places
Labelling and aggregation | Who is in it, and who is not | Decisions of several people
Shift over time | Who is in it, and who is not | no shift was measured
Known biases, and what was done | Who is in it, and who is not | what may distort
Data protection | Data protection and ethics | differential privacy
Governance | Data protection and ethics | decided by those who publish it
Feedback | Maintenance and contact | errors, doubts about a film
"""
VIEWPOINT = """
All source data sets | How it was made | trained on these films only
Hyperparameters of training and of inference | How it was made | learning rate \\| 0.002
Conditions and prompts | How it was made | no class, no prompt
Every step after sampling | How it was made | in this order, and nothing else
The risk of data copying, and how it was tested | Memorization | altered and planted
Measures of privacy, and what was not done | Memorization | used for training: see \\[the attacks\\]
Label of provenance | How it was made | trainedAlgorithmicMedia
Quality, measured and judged by people | Losses and distances | precision
Quality, measured and judged by people | Blinded reader study | from 1 \\(unrealistic\\) to 4
Bias in the source and in the films | Who is in it, and who is not | what is rare
"""


def asked(listed: str) -> Iterator[tuple[str, str, str]]:
    for line in listed.strip().splitlines():
        question, title, evidence = (part.strip() for part in line.split(" | "))
        yield question, title, evidence


@pytest.mark.parametrize("listed", [DATASHEET, STANDING_TOGETHER, VIEWPOINT])
def test_every_question_of_the_standards_leads_to_a_section_that_answers_it(
    made: Made, listed: str
) -> None:
    card = card_of(made, "local")
    on_the_card = (made["local"][0] / "README.md").read_text(encoding="utf-8")
    where = section(card, "Where the standards' questions are answered")
    for question, title, evidence in asked(listed):
        rows = [line for line in where.splitlines() if f"| {question} |" in line]
        assert len(rows) == 1, question
        document = CARD_OF_SHEET if f"\n## {title}\n" in on_the_card else ""
        assert f"[{title}]({document}#{slug(title)})" in rows[0], question
        assert re.search(evidence, words(section(card, title))), question


def test_the_first_table_leads_to_every_section(made: Made) -> None:
    card = card_of(made, "demo")
    sections = {
        title: "" if f"\n## {title}\n" in (made["demo"][0] / "README.md").read_text() else SHEET
        for title in re.findall(r"^## (.+)$", card, re.MULTILINE)
    }
    assert len(sections) == len(re.findall(r"^## ", card, re.MULTILINE))
    linked = re.findall(r"\[([^\]]+)\]\(([^#)]*)#([^)]+)\) ?[·|]", section(card, "Read on"))
    assert sorted(name for name, _, _ in linked) == sorted(sections.keys() - {"Read on"})
    for name, document, target in linked:
        assert document == sections[name], name
        assert target == slug(name)


def test_the_scorecard_says_of_each_criterion_what_was_measured_and_what_was_not(
    made: Made,
) -> None:
    title = "Scorecard: the 7 Cs"
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in section(card_of(made, "local"), title).splitlines()
        if line.startswith("| **")
    ]
    assert [row[0].partition("**:")[0].strip("* ") for row in rows] == [
        "Congruence", "Coverage", "Constraint", "Completeness", "Comprehension", "Compliance",
        "Consistency",
    ]  # fmt: skip
    assert all(cell for row in rows for cell in row)
    assert rows[0][1] == (
        "`frechet_random_conv` 10.75 to 126.50; source films among themselves 4.25. Power in 2 "
        "bands of the spectrum 0.25 to 1.25 of the source films'."
    )
    assert rows[0][2].startswith("Realism: no reader has finished. FID and KID.")
    assert "Recall 0.00 to 0.62, coverage 0.06 to 0.75" in rows[1][1]
    assert "3 of 16 films decided on by people" in rows[2][1]
    assert "whether a patient can be recognised" in rows[5][2]
    assert "recognised" not in section(card_of(made, "demo"), title)
    metrics = made["local"][1].record.plain()["metrics"]
    far = [{**point, "checkpoint": 2} for point in metrics["distances"]["checkpoints"]]
    unmeasured = {**metrics, "distances": {**metrics["distances"], "checkpoints": far}}
    said = section(changed(made, "local", metrics=unmeasured), title)
    assert said.count("**Not measured** at any released checkpoint.") == 2
    one = {**metrics, "distances": {**metrics["distances"], "checkpoints": far[:1]}}
    one["distances"]["checkpoints"][0]["checkpoint"] = 3
    assert "`frechet_random_conv` 126.50;" in section(changed(made, "local", metrics=one), title)


def test_what_publishers_have_not_stated_is_said_to_be_so(
    made: Made,
) -> None:
    local, demo, later = (card_of(made, name) for name in ("local", "demo", "later"))
    assert section(local, WHY).count("Its publishers have not stated it.") == 3
    assert "its authors, as far as is stated" in section(local, WHY)
    assert "Its publishers have not stated whether a committee" in section(local, DATA)
    assert "Its publishers have not stated it: neither years" in section(local, WHO)
    # Of drawn films nobody has to state it.
    assert "no approval was needed" in words(section(demo, DATA))
    assert "not stated" not in section(demo, DATA).replace("the publishers have not stated.", "")
    assert "No patients: the source holds drawn phantoms" in section(demo, WHO)
    assert "No patient was imaged" not in local + later
    for name, text in SAID.items():
        titles = {"population": WHO, "ethics": DATA, "identifier": "Distribution"}
        assert text.rstrip(".") in section(later, titles.get(name, WHY)), name
    assert "not stated" not in section(later, WHY) + section(later, WHO)
    assert "<https://doi.org/10.5281/zenodo.1234>" in later
    assert "| Competing interests | None. |" in later
    assert f"| Paid for by | {SAID['funding']}. |" in later


def test_drawn_films_whose_publishers_say_something_repeat_it(
    made: Made,
) -> None:
    source = {"population": "Drawn necks"}
    card = changed(made, "demo", ethics="None needed!", source=source)
    assert "Its publishers say: Drawn necks." in words(section(card, WHO))
    assert "Its publishers say: None needed\\!" in words(section(card, DATA))


def test_a_first_version_has_no_changes_and_no_tombstones(
    made: Made,
) -> None:
    said = section(card_of(made, "local"), VERSIONS)
    assert "This is version 1.0.0. No earlier one is known" in said
    assert "**Withdrawn so far:** no film." in said
    assert "|---|" not in said


def test_a_later_version_says_what_changed_and_what_is_gone(
    made: Made,
) -> None:
    said = section(card_of(made, "later"), VERSIONS)
    assert "The one before it is 1.0.0." in said
    assert "| films withdrawn | 1 |" in said
    assert "| films added | 0 |" in said
    assert "1 film of earlier versions is not in this one." in said
    assert "| `checkpoint-1-large-00001` | `vertebra-count` | 1.1.0 |" in said
    assert "no-longer-generated" not in said


def test_of_many_withdrawn_films_the_first_are_named(
    made: Made,
) -> None:
    gone = [
        {"id": f"film-{n:03d}", "reason": "no-longer-generated", "first_version_without": "1.1.0"}
        for n in range(TOMBSTONES_SHOWN + 5)
    ]
    said = section(changed(made, "later", tombstones=gone), VERSIONS)
    assert said.count("| `film-") == TOMBSTONES_SHOWN
    assert "25 films of earlier versions are not in this one. The first 20 by name" in said
    assert "`no-longer-generated`: its checkpoint or batch" in said


def test_the_card_s_check_of_the_version_holds_and_fails_on_another(
    made: Made,
) -> None:
    class Films:
        def __init__(self, release: Path) -> None:
            self.shards = sorted((release / "data").rglob("*.parquet"))

        def unique(self, column: str) -> list[str]:
            tables = [pq.read_table(shard, columns=[column]) for shard in self.shards]
            return [row for table in tables for row in table[column].unique().to_pylist()]

    check = {
        name: section(card_of(made, name), VERSIONS).partition("```python\n")[2].partition("```")[0]
        for name in ("local", "later")
    }
    for name, source in check.items():
        load, films, assertion = source.splitlines()
        assert load == "from datasets import load_dataset"
        assert films.startswith("films = load_dataset("), films
        check[name] = assertion
    assert '{"1.0.0", "1.1.0"}' in check["later"]
    for name, source in check.items():
        for held in check:
            try:
                exec(source, {"films": Films(made[held][0])})  # noqa: S102 - of the template
            except AssertionError:
                assert held != name
            else:
                assert held == name


def test_versions_are_told_in_the_order_of_their_numbers(
    made: Made,
) -> None:
    shards = made["later"][1].record.plain()["shards"]
    versions = dict(zip(shards, ("1.10.0", "1.9.0"), strict=True))
    some = {name: {**shard, "version": versions[name]} for name, shard in shards.items()}
    empty = {
        "data/checkpoint-9/train.parquet": {"rows": 0, "version": "1.11.0", "content": 64 * "a"}
    }
    assert '== {"1.9.0", "1.10.0"}' in changed(made, "later", shards=some | empty)


def test_the_distribution_counts_files_and_bytes(made: Made) -> None:
    release, _ = made["local"]
    said = section(card_of(made, "local"), "Distribution")
    films = sorted((release / "data").rglob("*.parquet"))
    every = sorted(release.rglob("*.parquet"))
    size, total = (sum(one.stat().st_size for one in some) / 1e6 for some in (films, every))
    assert f"13 films in 2 files, {size:.3f} MB" in said
    assert f"{len(every)} files and {total:.3f} MB" in said
    for shard in films:
        assert f"| `{shard.relative_to(release).as_posix()}` |" in said
    formats = re.findall(r"`([A-Za-z0-9.]+)`", said.partition("<details>")[0])
    assert set(formats) <= {path.name for path in release.iterdir()} | {"croissant.json"}


ALLOWED = {
    # Constants of the program, which the next test holds to it.
    "1,000", "0.9", "0.99", "0.0001", "1",
    # Bits, levels of intervals and tests, ends of scales, names: no release changes them.
    "8", "95", "5", "4", "0", "0.5", "2", "7", "2025", "4.4", "100",
}  # fmt: skip


def test_no_number_is_typed_into_the_templates() -> None:
    environment = jinja2.Environment(autoescape=True)
    for path in sorted(TEMPLATES.glob("*.j2")):
        for line, kind, text in environment.lex(path.read_text(encoding="utf-8")):
            if kind != "data":
                continue
            prose = re.sub(r"https?://\S+|\]\([^)]*\)|`[^`]*`|SHA-256|^\d\. ", "", text, flags=re.M)
            found = set(re.findall(r"(?<![\w.,])\d(?:[\d,.]*\d)?", prose))
            assert found <= ALLOWED, f"{path.name}:{line}: {sorted(found - ALLOWED)}"


def constants_of(module: str) -> dict[str, Any]:
    """The plain constants of a module of the network, without its heavy imports."""
    path = REPOSITORY / "cxr_release" / "generators" / f"{module}.py"
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


def test_the_constants_of_the_training_are_the_program_s(
    made: Made,
) -> None:
    said = words(section(card_of(made, "demo"), HOW))
    learner, network = constants_of("runtime/learner"), constants_of("diffusion/network")
    (first, second), decay = learner["BETAS"], learner["WEIGHT_DECAY"]
    assert f"betas {first} and {second}, weight decay {decay:.4f} |" in said
    assert f"gradient norm limit | {learner['GRADIENT_NORM']:.0f} |" in said
    assert f"noise schedule of {network['TIMES']:,} times" in said


@pytest.mark.parametrize("name", ["demo", "local", "later"])
def test_every_table_is_one_and_nothing_unknown_is_printed(made: Made, name: str) -> None:
    card = card_of(made, name)
    html = MarkdownIt("gfm-like", {"linkify": False}).render(card)
    tables = html.split("<table>")[1:]
    assert len(tables) == len(re.findall(r"^\|[-:|]+\|$", card, re.MULTILINE))
    for table in tables:
        columns = table.partition("</thead>")[0].count("<th") - 1
        rows = table.partition("</table>")[0].partition("<tbody>")[2].split("<tr>")[1:]
        assert rows, table[:200]
        assert all(row.count("<td") == columns for row in rows), table[:200]
    assert not re.search(r"<p>\s*\|", html)
    assert "\n\n\n\n" not in card
    card = re.sub(r"```.*?```", "", card, flags=re.DOTALL)
    assert not re.search(r"\b(nan|inf|True|False|Undefined)\b", card)
    assert "None" not in card.replace("None of", "").replace("| None. |", "")
    assert not re.search(r"\b1 (films|people|pairs|files|quartets|readers|kinds|columns)\b", card)
    assert "(s)" not in card


def test_the_header_says_whether_anybody_judged_anything(
    made: Made,
) -> None:
    record, configs = made["demo"][1].record, made["demo"][1].configs
    nobody = {
        "screening": {"reviewers": 0},
        "audit": {"reviewers": 0},
        "reader_study": {"readers": 0},
    }
    said = [
        header_of(other(record, reviews=nobody | one), configs)["annotations_creators"]
        for one in (
            {},
            {"audit": {"reviewers": 2}},
            {"reader_study": {"readers": 1}},
        )
    ]
    assert said == [["no-annotation"], ["other"], ["other"]]


@pytest.mark.parametrize("name", ["demo", "local", "later"])
def test_links_of_card_and_datasheet_lead_to_what_is_there(made: Made, name: str) -> None:
    release = made[name][0]
    lint(release, configs_of(release))


def test_the_card_is_short_and_its_first_screen_shorter(made: Made) -> None:
    for name, (release, _) in made.items():
        card = (release / "README.md").read_text(encoding="utf-8")
        assert len(card.splitlines()) <= 300, name
        assert len(card.split()) <= 2500, name
        assert len(first_screen(card).split()) <= 350, name


def test_the_first_screen_says_what_it_is_whether_and_how_to_use_it(made: Made) -> None:
    top = first_screen((made["demo"][0] / "README.md").read_text(encoding="utf-8"))
    assert "](figures/films.png) Version 1.0.0 · 13 synthetic radiographs, 16 × 16 pixels" in top
    assert "· licence [cc-by-4.0](https://creativecommons.org/licenses/by/4.0/legalcode)" in top
    assert "Every film here is synthetic: a denoising diffusion model drew it" in top
    assert "**not for** diagnosis or any decision about a patient: see [Uses](#uses)." in top
    assert 'load_dataset("ORG/cxr-release-demo", "checkpoint-3", revision="v1.0.0", ' in top
    assert "**Use `checkpoint-3`**, the recommended checkpoint: its films" in top
    assert [row.partition("]")[0] for row in top.split("| [")[1:]] == [
        "fidelity", "utility", "privacy", "coverage",
    ]  # fmt: skip
    assert "no licence" not in top


def test_which_checkpoint_to_use_follows_from_curves_distances_and_what_is_released(
    made: Made,
) -> None:
    judged = made["demo"][1].record.plain()["metrics"]["checkpoints"]

    def top(nearest: int, *recommended: int, divergence: int | None = None) -> str:
        reasons = [{"checkpoint": one, "reasons": [f"reason {one}"]} for one in recommended]
        said = {"nearest": nearest, "recommended": reasons, "divergence": divergence}
        return first_screen(changed(made, "demo", metrics={"checkpoints": judged | said}))

    assert "**Use `checkpoint-1`**, the recommended checkpoint: reason 1. Without" in top(1, 1, 3)
    said = top(2, 1, 2, 3, divergence=3)
    assert "**Use `checkpoint-3`**, the recommended checkpoint: reason 3." in said
    assert "From checkpoint 3 on the tuning run begins to overfit. Without" in said
    assert "overfit" not in top(2, 1, 2, divergence=3)
    said = top(2, 2)
    assert "no film of a recommended checkpoint (2) is in this release. Without" in said
    assert 'load_dataset("ORG/cxr-release-demo", revision="v1.0.0", split="train")' in said


def test_no_template_is_left_alone() -> None:
    """Every file of the folder is part of a card; reasons stand in their own file."""
    templates = {path.name: path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.j2")}
    included = re.findall(r'include "([^"]+)"', "".join(templates.values()))
    documents = {"README.md.j2", "DATASHEET.md.j2", "facts.md.j2", "model.md.j2"}
    assert templates.keys() - documents == {*included}


def test_one_is_not_written_as_many_in_the_first_lines(
    made: Made,
) -> None:
    one = dict.fromkeys(
        ("undecided", "undecided_released", "prescreened", "audited", "withdrawn"), 1
    )
    counts = {"total": {"excluded": 1}}

    def first_words(**changes: Any) -> str:
        reviews = {"screening": {**one, **changes}}
        card = changed(made, "local", reviews=reviews, counts=counts)
        return f"{first_screen(card)} {words(section(card, 'Screening'))}"

    said = first_words(state="partial", sentence="So many people decided.")
    assert "[**The review of these films is not finished.**]" in said
    assert "So many people decided. 1 film is excluded, for whatever reason, and 1 is" in said
    assert "1 film is excluded. 1 is undecided, and 1 of those is in this release." in said
    assert "1 of the excluded films was excluded by the pre-screen" in said
    assert "1 of the excluded films stays out" in said
    assert "1 of the excluded films was withdrawn after an earlier version held it." in said
    said = first_words(state="complete", sentence="So many people decided.", withdrawn=2)
    assert "[**Screened films**](documentation/DATASHEET.md#screening): 1 film is excluded;" in said
    assert "So many people decided. 1 film is excluded, for whatever reason" in said
    assert "2 of the excluded films were withdrawn after an earlier version held them." in said


def test_the_record_alone_gives_the_card(made: Made) -> None:
    release, _ = made["later"]
    published = changed(made, "later", **read_json(release / "release.json"))
    assert published == written(release)


def facing_of(made: Made, rule: Any, **counts: int) -> str:
    """How the card says that films were turned."""
    row = {"checkpoint": 1, "batch": "large", "left": 0, "right": 0, "unknown": 0, "said": 0}
    facing = [row | counts | {"flipped": counts.get("right", 0)}]
    card = changed(made, "demo", metrics={"facing": facing, "facing_rule": rule})
    said = words(section(card, HOW))
    assert "facing left" not in card and "face left" not in said
    return said


def test_how_films_were_turned_follows_from_the_data(
    made: Made,
) -> None:
    rule = made["demo"][1].record.plain()["metrics"]["facing_rule"]
    said = facing_of(made, rule, left=5, right=1, unknown=2, said=0)
    assert "1 film that faced right was mirrored (column `flipped`), as far as is known." in said
    assert "Of 2 films it is not known which way they face: they are as they were sampled" in said
    assert "would be found wrongly in 1 of 30 cases and not at all in 2" in said
    assert "wrongly in 5 of 1,000 and not at all in 80" in said
    said = facing_of(made, rule, left=5, right=3, unknown=0, said=4)
    assert "3 films that faced right were mirrored" in said and "as reviewers said" in said
    assert "There is no film whose facing is unknown." in said
    nothing = {"references": 0, "error": 0.01, "source": None, "poor": None, "neither": None}
    said = facing_of(made, nothing, unknown=8)
    assert "0 films that faced right were mirrored" in said
    assert "Of 8 films it is not known which way they face" in said
    assert "Not at all: the facing of no source film is known." in said
    said = facing_of(made, nothing | {"references": 3}, unknown=8)
    assert "the 3 source films of known facing do not show plainly enough" in said
