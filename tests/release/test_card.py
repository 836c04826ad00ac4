from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import yaml
from markdown_it import MarkdownIt

from cxr_release.files import read_json
from cxr_release.json_documents import read
from cxr_release.params.load import load_params
from cxr_release.params.project import Params
from cxr_release.reader_study.formatting import p_of
from cxr_release.release.documents.markdown import p_value
from cxr_release.release.layout import DATASHEET
from cxr_release.release.record import RECORD, Record
from cxr_release.release.verify import require_true, verify
from tests.support.breaking import rejson
from tests.support.card_rules import first_screen, header_and_body, rendered, warnings_of, written
from tests.support.records import changed
from tests.support.release_artefacts import (
    EXCLUDED,
    REPOSITORY,
    analysis,
    files_of,
    make_release,
    make_release_of,
    write_inputs,
    write_report,
)
from tests.support.release_configs import configs_of

HOSTILE = "X\n---\nlicense: mit\n# {{ 7 * 7 }} <script>alert(1)</script> | a | `b` [c](http://d)"

ON_ONE_LINE = HOSTILE.replace("\n", " ")
ONE_LINE = ("title", "source_title", "source_license", "contact", "publisher")
FREE = (
    "title", "source_title", "source_license", "source_citation", "contact", "population",
    "purpose", "publisher", "funding", "interests", "ethics",
)  # fmt: skip
"""Texts in the parameters of which nothing is demanded."""


def card_of(release: Path) -> str:
    return written(release)


def test_a_release_of_phantoms_says_so_in_its_first_line(tmp_path: Path, params: Params) -> None:
    card = card_of(make_release(tmp_path, params, excluded={}))
    line, *rest = warnings_of(card)
    assert "demonstration on drawn phantoms: no patient" in line
    assert "No reviewer has decided on these films" in " ".join(rest)
    assert "no reader has rated" in " ".join(rest)


def test_a_release_of_local_films_says_in_its_first_line_that_nobody_has_reviewed_it(
    tmp_path: Path, params: Params
) -> None:
    local = replace(params, ingest=replace(params.ingest, source="data/raw"))
    card = card_of(make_release(tmp_path, local, excluded={}))
    assert "No reviewer has decided on these films" in warnings_of(card)[0]
    assert "phantom" not in first_screen(card)
    assert "The films inherit what the source shows and leaves out" in card


def test_local_films_whose_source_nobody_named_are_not_called_phantoms(
    tmp_path: Path, params: Params
) -> None:
    unnamed = replace(
        params.release, title="", source_title="", source_license="", source_citation=""
    )
    phantoms = replace(params, release=unnamed)
    local = replace(phantoms, ingest=replace(params.ingest, source="data/raw"))
    card = card_of(make_release(tmp_path / "local", local))
    assert "Where the training films come from is not stated" in first_screen(card)
    assert "phantom" not in card.lower()
    named = replace(
        unnamed, source_title="Our films", source_license="cc0-1.0", source_citation="Us, 2026"
    )
    card = card_of(make_release(tmp_path / "named", replace(local, release=named)))
    assert "is not stated" not in first_screen(card)
    card = card_of(make_release(tmp_path / "drawn", phantoms))
    assert "is not stated" not in first_screen(card)
    assert "Drawn lateral cervical phantoms" in card


def test_a_release_without_a_name_of_its_own_shows_nobody_else_s(
    tmp_path: Path, params: Params
) -> None:
    path = tmp_path / "params.yaml"
    raw = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
    raw["ingest"]["source"] = "data/raw"
    path.write_text(yaml.safe_dump(raw))
    local = replace(
        params,
        ingest=replace(params.ingest, source="data/raw"),
        release=load_params(path).release,
    )
    release = make_release(tmp_path / "local", local)
    card = card_of(release)
    assert "This release is not ready to be published" in first_screen(card)
    assert "`name`, `license`, `authors`, `contact`" in first_screen(card)
    assert "no licence is stated, so there is no permission" in card
    assert "No address to write to is stated." in card
    for name in (
        "README.md",
        DATASHEET,
        "LICENSE",
        "CITATION.cff",
        "croissant.json",
        "CHANGELOG.md",
    ):
        text = (release / name).read_text()
        assert "cxr-release-demo" not in text, name
        assert "The cxr-release authors" not in text, name
        assert "cxr-release/issues" not in text, name
        assert "cc-by" not in text.lower(), name
    assert "No licence is stated" in (release / "LICENSE").read_text()
    require_true(verify(release))


def test_a_review_that_is_not_finished_is_named_with_its_numbers(
    tmp_path: Path, params: Params
) -> None:
    lines = first_screen(card_of(make_release(tmp_path, params, rated=True)))
    assert "The review of these films is not finished" in lines
    assert f"{len(EXCLUDED)} of 16 generated films have a decision." in lines
    assert f"{len(EXCLUDED)} films are excluded." in lines
    assert "the reader study is not finished" in lines
    assert "1 blinded reader of 8 identified the real film" in lines
    assert "1 of 2 trials, 50.0%; by chance it would be 33.3%" in lines


def test_the_card_gives_the_reader_study_s_numbers_and_says_what_they_can_show(
    tmp_path: Path, params: Params
) -> None:
    made = make_release(tmp_path, params, rated=True)
    card = " ".join(card_of(made).split())
    found = analysis()
    for shown in ("study_realism.png", "study_identification.png"):
        assert f"](../figures/{shown})" in card
        assert (made / "figures" / shown).exists()
        assert (made / "figures" / shown.replace("png", "svg")).exists()
    realism = found["realism"]
    assert f"| real | {realism['real']['mean']:.3f} |" in card
    one = realism["checkpoint-1"]
    assert f"| `checkpoint-1` | {one['mean']:.3f} | {one['difference']:.3f} |" in card
    tests = (one["p_exact"], one["p_exact_holm"], one["p"], one["p_holm"])
    exact, exact_holm, old, old_holm = map(p_value, tests)
    row = f"{one['difference']:.3f} | {exact} | {exact_holm} | {one['V']:g} | {old} | {old_holm} |"
    assert row in card
    assert found["wilcoxon"]["p_exact"] in card.replace("\\", "")
    assert "does not prove that readers cannot tell" in card
    assert "fits a cumulative link mixed model" in card
    assert "1 reader finished, with 22 s a quartet (median)" in card


def test_a_p_value_reads_the_same_in_the_card_s_tables_and_in_its_paragraph(
    tmp_path: Path, params: Params
) -> None:
    release = make_release(tmp_path, params, rated=True)
    record, configs = read(release / RECORD, Record), configs_of(release)
    for p in (0.0007, 0.00099, 0.001, 0.0126):
        told = {"analysis": {"identification": {"p_two_sided": p}}}
        card = rendered(changed(record, metrics={"reader_study": told}), configs, [])
        assert f"against chance, two-sided, p | {p_of(p)} |" in card


def test_a_study_that_nobody_finished_gives_no_numbers(tmp_path: Path, params: Params) -> None:
    inputs = write_inputs(tmp_path / "artefacts")
    rejson(
        inputs.study / "study.json",
        lambda study: study.update(
            unfinished=[1],
            quartets_wanted=5,
            not_released=1,
            review={"state": "partial", "readers": 0, "required": 8},
        ),
    )
    card = " ".join(card_of(make_release_of(inputs, params, tmp_path)).split())
    assert "no reader has finished rating these films" in card
    assert "1 reader has begun and not finished; their answers are not counted" in card
    assert "5 quartets were wanted; a source has too few films" in card
    assert "1 film that readers were shown was excluded afterwards" in card
    assert "study_realism" not in card


def test_the_card_says_how_the_network_was_made_and_sampled(tmp_path: Path, params: Params) -> None:
    card = " ".join(card_of(make_release(tmp_path / "default", params)).split())
    assert "attention in the middle block, on films folded 2 × 2 into channels" in card
    assert "on a cosine noise schedule" in card
    assert f"SDE-DPM-Solver++ with {params.sample.steps} steps" in card
    paper = replace(
        params,
        network=replace(params.network, attention=1, pixel_unshuffle=1, schedule="sigmoid"),
        train=replace(params.train, decay="constant", min_snr=1e9),
        sample=replace(params.sample, sampler="ddpm", steps=1000),
        compute=replace(params.compute, precision="bf16"),
    )
    card = " ".join(card_of(make_release(tmp_path / "paper", paper)).split())
    assert "and at the 1 innermost resolution, on films as they are" in card
    assert "on a sigmoid noise schedule" in card
    assert "**Sampling.** DDPM with 1,000 steps" in card
    assert "after the warm-up | constant |" in card
    assert "else fp32) | `bf16` |" in card


def test_the_numbers_of_the_card_are_those_of_the_record(tmp_path: Path, params: Params) -> None:
    release = make_release(tmp_path, params)
    card, record = card_of(release), read_json(release / "release.json")
    for row in record["counts"]["rows"]:
        cells = [row["checkpoint"], row["checkpoint"] * 150, row["batch"]]
        cells += [row["generated"], row["excluded"], row["released"]]
        assert "| " + " | ".join(map(str, cells)) + " |" in card
    for name, rows in record["counts"]["configs"].items():
        assert f"| `{name}` | {rows} |" in card
    header, _ = header_and_body(card)
    stated = {
        one["config_name"]: one["splits"][0]["num_examples"] for one in header["dataset_info"]
    }
    assert stated == record["counts"]["configs"]
    assert header["size_categories"] == ["n<1K"]
    assert header["tags"] == [
        "synthetic", "medical", "x-ray", "radiograph", "diffusion",
        "lateral-cervical-spine", "phantom",
    ]  # fmt: skip


def section(card: str, title: str) -> str:
    return card.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_every_measure_of_every_checkpoint_stands_in_the_card_with_its_interval(
    tmp_path: Path, params: Params
) -> None:
    said = section(card_of(make_release(tmp_path, params)), "Losses and distances")
    rows = [line.split(" | ") for line in said.splitlines() if line.startswith("| 3 ")]
    assert [row[1:] for row in rows[1:]] == [["yes", "1.25 [0.75, 1.75]", "0.75 [0.69, 0.81] |"]]
    assert [row[2:] for row in rows[:1]] == [
        [
            "yes",
            "10.75 [10.25, 11.25]",
            "0.88 [0.38, 1.38]",
            "0.62 [0.12, 1.12]",
            "1.05 [0.55, 1.55]",
            "0.75 [0.25, 1.25]",
            "0.25 [-0.25, 0.75] |",
        ]
    ]
    assert "| source films | | | 4.25 | 0.90 | 0.90 | 1.00 | 0.95 | 0.20 [0.15, 0.25] |" in said
    assert "It is not an FID" in said
    assert "KID" not in said
    assert "8 films of 16 × 16 pixels" in said
    assert "films enlarged 11 times" in said
    assert "5 nearest films" in said
    assert "**Recommended and not sampled: checkpoint 2.**" in said


def test_the_card_says_how_detailed_films_are_and_what_that_means(
    tmp_path: Path, params: Params
) -> None:
    said = section(card_of(make_release(tmp_path, params)), "Losses and distances")
    assert "| checkpoint | in this release | 1 to 4 cycles a film | 4 to 8 cycles a film |" in said
    assert "| 1 | yes | 1.25 [0.75, 1.75] | 0.25 [0.19, 0.31] |" in said
    assert "| 2 | no | 1.25 [0.75, 1.75] | 0.50 [0.44, 0.56] |" in said
    assert "| source films | | 1.12 [0.88, 1.38] | 0.88 [0.62, 1.12] |" in said
    text = " ".join(said.split())
    assert (
        "0.5 in the finest band means half of the power of structures finer than 16 ÷ 4 = 4.0"
        in text
    )
    assert "a Hann window is laid over it" in text
    assert "8 cycles a film are the finest that 16 pixels can show" in text
    assert "(../figures/bands.png)" in said


def test_fid_and_kid_stand_there_where_they_were_taken_and_say_with_what(
    tmp_path: Path, params: Params
) -> None:
    inputs = write_inputs(tmp_path / "artefacts")
    write_report(inputs, inception=True)
    secret = replace(params.fidelity, weights="/home/someone/w.pth", weights_sha256=64 * "a")
    release = make_release_of(inputs, replace(params, fidelity=secret), tmp_path)
    said = section(card_of(release), "Losses and distances")
    assert " | 80.75 [80.25, 81.25] | -0.0005 [-0.5005, 0.4995] | " in said
    assert "| source films | | | 4.25 | 60.50 | | 0.90 |" in said
    assert f"weights with SHA-256 `{64 * 'a'}`" in said
    assert "(not those of published FIDs)" in said
    assert "299 × 299" in said
    assert "someone" not in (release / "release.json").read_text(encoding="utf-8")
    assert read_json(release / "release.json")["params"]["fidelity"]["weights"] == "given"


def test_the_table_of_measures_is_one(tmp_path: Path, params: Params) -> None:
    inputs = write_inputs(tmp_path / "artefacts")
    for inception, columns in ((False, 9), (True, 11)):
        write_report(inputs, inception=inception)
        card = card_of(make_release_of(inputs, params, tmp_path / str(inception)))
        said = section(card, "Losses and distances")
        html = MarkdownIt("gfm-like", {"linkify": False}).render(said)
        tables = html.split("<table>")[1:]
        assert len(tables) == 3
        measures = tables[1].partition("</table>")[0]
        assert measures.count("<th") - measures.count("<thead") == columns
        assert measures.count("<td") == 4 * columns
        powers = tables[2].partition("</table>")[0]
        assert powers.count("<th") - powers.count("<thead") == 4
        assert powers.count("<td") == 4 * 4


def test_every_column_and_every_reason_is_explained(tmp_path: Path, params: Params) -> None:
    card = card_of(make_release(tmp_path, params))
    for column in ("image", "seed", "flipped", "real_pixel_sha256", "reviewers", "rating"):
        assert f"| `{column}` |" in card
    assert "| `vertebra-count` | 2 | Too many of them. |" in card


def test_hostile_parameters_are_shown_and_not_obeyed(tmp_path: Path, params: Params) -> None:
    texts = dict.fromkeys(FREE, HOSTILE) | dict.fromkeys(ONE_LINE, ON_ONE_LINE)
    doi = "10.1234/a)<script>[b](http://d)|`"
    evil = replace(
        params,
        release=replace(params.release, **texts, identifier=doi, authors=(ON_ONE_LINE, "}, {")),
        ingest=replace(params.ingest, source="data/raw"),
    )
    release = make_release(tmp_path, evil)
    header, body = header_and_body(card_of(release))
    assert header["license"] == "cc-by-4.0"
    assert header["pretty_name"] == HOSTILE.replace("\n", " ")
    shown = MarkdownIt("gfm-like", {"linkify": False}).render(body)
    assert "<script" not in shown
    assert 'href="http://d"' not in shown
    assert "<h1>X --- license: mit # {{ 7 * 7 }} &lt;script&gt;" in shown
    answer = "X --- license: mit # {{ 7 * 7 }} &lt;script&gt;alert(1)&lt;/script&gt; | a | `b`"
    for question in ("For what purpose?", "Published by", "Paid for by", "Competing interests"):
        assert f"<tr>\n<td>{question}</td>\n<td>{answer}" in shown
    for question in ("Whom the source shows", "Approval and consent"):
        assert f"<strong>{question}.</strong> {answer}" in shown
    citation = yaml.safe_load((release / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["title"] == header["pretty_name"]
    assert len(citation["authors"]) == 2
    named = replace(params, release=replace(params.release, publisher="Us"))
    plain = make_release(tmp_path / "plain", named)
    notices = [len(files_of(one)["LICENSE"].splitlines()) for one in (release, plain)]
    assert notices[0] == notices[1]


def test_another_licence_is_named_and_linked(tmp_path: Path, params: Params) -> None:
    other = replace(params, release=replace(params.release, license="odbl"))
    release = make_release_of(write_inputs(tmp_path / "artefacts"), other, tmp_path)
    text = (release / "LICENSE").read_text(encoding="utf-8")
    assert "https://spdx.org/licenses/ODbL-1.0.html" in text
    assert "[odbl](https://spdx.org/licenses/ODbL-1.0.html)" in card_of(release)
    citation = yaml.safe_load((release / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["license"] == "ODbL-1.0"
    assert "license-url" not in citation


def test_the_repository_explains_the_reasons_of_the_papers_screen() -> None:
    reasons = yaml.safe_load(
        (REPOSITORY / "cards/phantoms/reasons.yaml").read_text(encoding="utf-8")
    )
    assert {"airway-posterior", "elements-inverted", "other"} <= reasons.keys()
    assert all("\n" not in meaning for meaning in reasons.values())
