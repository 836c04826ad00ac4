"""The score of any sets of films, without a project: what the command reads and writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cxr_release import schemas, tables
from cxr_release.errors import ParamsError, SourceError
from cxr_release.films.film_set import FilmSet, open_films
from cxr_release.films.patients import read_patients
from cxr_release.params.measures import ScoreParams
from cxr_release.params.training import ComputeParams
from cxr_release.radiographs.split import HELD_OUT
from cxr_release.scorecard.attacks.attack import NETWORK, Attack, NotMeasurable
from cxr_release.scorecard.facts import Facts, facts_beside, facts_of_table
from cxr_release.scorecard.measure import Scorecard, Subject, measure, write
from cxr_release.scorecard.names import CONTROL, RELEASED, TRAINED
from cxr_release.scorecard.network.attack import network_attacks
from cxr_release.scorecard.network.films import Chosen
from cxr_release.scorecard.network.inputs import NetworkInputs
from cxr_release.scorecard.network.scores import CALIBRATED, Effort
from cxr_release.scorecard.sets import NO_CONTROL
from cxr_release.scorecard.utility.labels import read_labels
from cxr_release.settings import checked

COMPUTE = ComputeParams(precision="auto", compile="auto")


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What may be given beside the films."""

    patients: Path | None = None
    """CSV with `file` (or id) and `patient` of every trained and control film, and any further
    columns, where no `patients.csv` lies beside them."""
    labels: Path | None = None
    """See `read_labels`."""
    checkpoints: Sequence[Path] = ()
    """Folders of checkpoints whose networks are attacked."""
    reference: Path | None = None
    """See `NetworkInputs.reference`."""
    split: Path | None = None
    """Parquet or CSV with `id` and `part` of each trained film: those of the part `held_out` are
    what the checkpoints learnt from and the reference did not. None: all trained films are."""


def settings_of(given: Mapping[str, Any]) -> ScoreParams:
    """The defaults, but for what is given.

    Raises:
        ParamsError: a key is unknown, or a value out of range.
    """
    # As YAML has them: lists for tuples.
    defaults: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(ScoreParams()).items()
    }
    return checked(ScoreParams, {**defaults, **given})


def score(
    trained: Sequence[Path],
    control: Sequence[Path],
    released: Sequence[Path],
    output: Path,
    *,
    beside: Beside | None = None,
    settings: ScoreParams | None = None,
) -> Scorecard:
    """Score a release that was drawn by a generator that learnt from `trained`.

    Args:
        trained: folders of films or image tables; see `film_set.open_films`.
        control: likewise, films of other patients that no run ever saw; none where there are none.
        released: likewise, the synthetic films; several are told apart as checkpoints are.
        output: folder for `scorecard.json` and its pictures; made where it is not there. Nothing in
            it names a film or a patient.
        beside: what else is known.
        settings: how much is computed.

    Raises:
        SourceError: a set cannot be opened; a patient or a picture is both in `trained` and in
            `control`; or `output` lies among films.
        ParamsError: a reference or a split is given without a checkpoint.
        CxrReleaseError: a further file is refused.
    """
    given, how = beside or Beside(), settings or ScoreParams()
    for name, further in (("reference", given.reference), ("split", given.split)):
        if further is not None and not given.checkpoints:
            raise ParamsError(
                "is for the attacks on a network, and no checkpoint is given",
                where=f"{name} {further}",
                remedy="give the checkpoint, too, or leave it out",
            )
    films = {
        name: open_films(paths, name)
        for name, paths in ((TRAINED, trained), (CONTROL, control), (RELEASED, released))
        if paths
    }
    external = open_films([Path(how.external)], "external") if how.external else None
    for each in (*films.values(), *([external] if external else [])):
        each.require_elsewhere(output)
    real = {name: films[name] for name in (TRAINED, CONTROL) if name in films}
    facts = {name: facts_beside(each) for name, each in real.items()}
    if given.patients is not None:
        real, facts = _stated(given.patients, real)
    card = measure(
        Subject(
            trained=real[TRAINED],
            control=real.get(CONTROL),
            released=films[RELEASED],
            facts=facts,
            labels=read_labels(given.labels) if given.labels else None,
            external=external,
            network_attacks=_on_network(given, real, how),
        ),
        how,
    )
    output.mkdir(parents=True, exist_ok=True)
    write(output, card.report)
    return card


def _on_network(
    given: Beside, real: Mapping[str, FilmSet], how: ScoreParams
) -> Sequence[Attack | NotMeasurable]:
    if not given.checkpoints:
        return ()
    if CONTROL not in real:
        return (NotMeasurable(CALIBRATED, NETWORK, "film", NO_CONTROL),)
    members = None
    if given.split is not None:
        rows = tables.read_foreign(given.split, schemas.SPLIT).to_pylist()
        members = frozenset(row["id"] for row in rows if row["part"] == HELD_OUT)
    inputs = NetworkInputs(
        targets=tuple(given.checkpoints),
        reference=given.reference,
        members=Chosen(real[TRAINED], members),
        controls=Chosen(real[CONTROL]),
    )
    effort = Effort(levels=how.levels, noises=how.noises, doses=how.doses)
    return network_attacks(inputs, compute=COMPUTE, effort=effort)


def _stated(
    table: Path, sets: Mapping[str, FilmSet]
) -> tuple[dict[str, FilmSet], dict[str, Facts]]:
    """The sets with the patients of their films, and what else one table states of them."""
    named: dict[str, dict[str, str]] = {}
    for role, films in sets.items():
        if films.patients:
            raise SourceError(
                f"states patients of {films.name} films whose own folder or table states them, too",
                where=str(table),
                remedy="leave one of the two out",
            )
        places = {film: place for source in films.sources for film, place in source.places.items()}
        named[role] = _by_name(places)
    both = sorted(named[TRAINED].keys() & named.get(CONTROL, {}).keys())
    if both:
        raise SourceError(
            f"cannot tell {len(both)} trained film(s) from control films of the same name, such as"
            f" {both[0]}",
            where=str(table),
            remedy="give them different names, or put a patients.csv beside each set of films",
        )
    every = {name for names in named.values() for name in names}
    patients, faults = read_patients(table, every)
    if faults:
        raise SourceError("does not state the films' patients", where=str(table), faults=faults)
    stated = {
        role: replace(
            sets[role],
            stated={names[name]: patient for name, patient in patients.items() if name in names},
        )
        for role, names in named.items()
    }
    return stated, {role: facts_of_table(table, names) for role, names in named.items()}


def _by_name(places: Mapping[str, str]) -> dict[str, str]:
    """Name by which a table may call a film → its id: its file's name; its id in an image table."""
    return {
        (Path(place).name if Path(place).stem == film else film): film
        for film, place in places.items()
    }
