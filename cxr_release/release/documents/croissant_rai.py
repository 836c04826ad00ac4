"""What croissant.json says of responsible use: RAI 1.0, all of it from the release's record.

Source: https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html.
"""

from __future__ import annotations

from typing import Any

from cxr_release.logbook.logs import by_people
from cxr_release.params.films import PHANTOMS
from cxr_release.params.project import Params
from cxr_release.release.documents.citation import stated
from cxr_release.release.documents.drawn_elsewhere import (
    generated_by_autoencoder,
    generated_elsewhere,
    origins,
)
from cxr_release.release.documents.facing import facing_of
from cxr_release.release.documents.markdown import one_line
from cxr_release.release.documents.scale import scale_of
from cxr_release.release.layout import DATASHEET
from cxr_release.release.record import Landmarks, Record, Source


def rai(record: Record) -> dict[str, Any]:
    """The RAI properties of a release, none of them empty.

    Args:
        record: what `release.json` holds.
    """
    return {
        "rai:dataCollection": _collection(record),
        "rai:dataCollectionType": ["Synthetic data from a generative model"],
        "rai:dataCollectionRawData": _raw_data(record),
        "rai:dataCollectionMissingData": _missing(record),
        "rai:dataPreprocessingProtocol": _preprocessing(record),
        "rai:dataManipulationProtocol": _manipulation(record),
        "rai:dataAnnotationProtocol": _annotation(record),
        "rai:dataAnnotationPlatform": ["The review pages and the terminal of cxr-release"],
        "rai:dataAnnotationAnalysis": _analysis(record),
        "rai:annotationsPerItem": _per_item(record),
        "rai:annotatorDemographics": ["Not recorded: reviewers and readers stay unnamed."],
        "rai:machineAnnotationTools": _tools(record),
        "rai:dataBiases": _biases(record),
        "rai:dataLimitations": _limitations(record),
        "rai:dataUseCases": _uses(record),
        "rai:dataSocialImpact": (
            "Meant to let methods be tried and taught without films of patients. Harm is possible"
            " where a film is taken for real, where conclusions are drawn about people, or where a"
            " film repeats one of the source."
        ),
        "rai:personalSensitiveInformation": _personal(record),
        "rai:dataReleaseMaintenancePlan": (
            "A published version is never changed. A film that is withdrawn is missing from the"
            " next version and named in the table of exclusions and in CHANGELOG.md. Faults, doubts"
            f" and wishes for withdrawal go to: {stated(record, 'contact') or 'the publisher'}."
        ),
    }


def _collection(record: Record) -> str:
    params, total = record.params, record.counts.total
    checkpoints = ", ".join(map(str, params.sample.checkpoints))
    elsewhere = generated_elsewhere(record)
    autoencoder = generated_by_autoencoder(record)
    own = total.generated - elsewhere - autoencoder
    others = f" Other generators drew {elsewhere:,} films." if elsewhere else ""
    second = (
        f" A variational autoencoder that was trained on the same films drew {autoencoder:,} films"
        f" at step {params.autoencoder_step:,}."
        if autoencoder
        else ""
    )
    left = f"Left out: {total.excluded:,}; released: {total.released:,}."
    if not params.trains:
        return (
            f"Other generators drew {elsewhere:,} films, none was drawn by a network that was"
            f" trained here. {left} That they show no real person, their publishers state."
        )
    return (
        f"A denoising diffusion model drew {own:,} films{_through(params)}, at its checkpoint(s)"
        f" {checkpoints}, by the sampler {params.sample.sampler} in"
        f" {params.sample.steps:,} steps{_guided(params)}.{second}{others} {left}"
        f" {_NOBODY_ELSEWHERE if elsewhere else _NOBODY}"
    )


def _through(params: Params) -> str:
    if not params.latent.is_on:
        return ""
    return ", as latents of an autoencoder that was trained on the same films"


def _guided(params: Params) -> str:
    guidance = params.sample.guidance
    if guidance is None:
        return ""
    return f", guided by checkpoint {guidance.checkpoint} with weight {guidance.weight:g}"


_NOBODY = "They show no real person; no X-ray was taken."
_NOBODY_ELSEWHERE = (
    "That network's films show no real person; that those of other generators do not, their"
    " publishers state."
)


def _raw_data(record: Record) -> str:
    audit, source = record.metrics.audit, record.source
    shown = source.films_shown
    control = audit.control.films if audit.control else 0
    control_films = f"From every run were kept {control:,} more films of that source."
    if not record.params.trains:
        control_films = f"A control: {control:,} more films of that source."
    trained = record.params.trains
    return (
        f"{'The network was trained on' if trained else 'No network was trained. Compared with'}"
        f" {audit.real.films:,} films{_patients(record)}:"
        f" {one_line(source.title)}; licence: {one_line(source.license)}; cite as:"
        f" {one_line(source.citation)}. Part of the body and view:"
        f" {one_line(source.shows) or 'not stated'}."
        + (f" {shown:,} of them are in the table audit_pairs." if shown else "")
        + (f" {control_films}" if control else "")
        + "".join(f" Drawn elsewhere: {line}." for line in origins(record))
    )


def _patients(record: Record) -> str:
    films = record.metrics.audit.real
    if films.patients is None:
        without = films.patients_not_stated
        of = "" if without == films.films else f" for {without:,} of them"
        return f" (patients not stated{of})"
    drawn = "drawn " if record.source.kind == PHANTOMS else ""
    return f" of {films.patients:,} {drawn}patient(s)"


def _missing(record: Record) -> str:
    empty = record.counts.empty_tables
    tables = f" Tables without rows: {', '.join(empty)}." if empty else ""
    placed, drawn_as = record.metrics.landmarks, record.counts.labels
    absent = [*["labels"] * (not drawn_as), *["landmarks"] * (not placed), "age", "sex"]
    only = ", and no label but the class that it was drawn as" if drawn_as else ""
    return (
        f"No film has {', '.join(absent)} or findings{only}. In the table audit_pairs, pictures"
        f" and names stay empty where a film may not be shown.{tables}"
    )


def _preprocessing(record: Record) -> list[str]:
    params, ingest = record.params, record.metrics.ingest
    scale = scale_of(record)
    fit = {"stretch": "stretched", "pad": "padded"}.get(params.ingest.fit, "to one scale")
    exposed = params.ingest.field == "exposed"
    cut = ["Borders of collimators and shutters were cut off where they were found."]
    return [
        *(cut if exposed else []),
        f"Real films were read as 8-bit grey and resampled to {params.ingest.film_size} pixels,"
        f" {f'to one scale, {scale.in_words}' if scale else fit}.",
        f"{ingest.inverted:,} negatives among them were inverted, so that bone is bright.",
        f"{ingest.flipped:,} of them were found to face right and mirrored; of"
        f" {ingest.facings.get('unknown', 0):,} it is not known which way they face."
        if facing_of(record).source
        else "Which way they face was not determined: none was mirrored for it.",
    ]


def _manipulation(record: Record) -> str:
    jobs = record.metrics.facing
    mirrored, unknown = (sum(getattr(row, name) for row in jobs) for name in ("flipped", "unknown"))
    after = f"After {'sampling' if record.params.trains else 'they were taken in'},"
    turned = (
        f"{after} {mirrored:,} generated films that were found, or said by reviewers, to"
        f" face right were mirrored (column flipped); of {unknown:,} it is not known which way they"
        " face (column facing). Excluded films were left out."
        if facing_of(record).known
        else f"{after} excluded films were left out. Which way generated films face was not"
        " determined, and none was mirrored (columns facing, flipped)."
    )
    return (
        f"{turned} Pixels are not changed otherwise."
        " Each PNG carries a provenance label: IPTC digital source type trainedAlgorithmicMedia."
    )


def _placed(landmarks: Landmarks) -> str:
    """Who placed landmarks on the films."""
    model, readers = landmarks.films["model"], landmarks.films["readers"]
    return (
        f"Landmarks: on {model:,} film(s) a model placed them and no person, on {readers:,} readers"
        " did; each says so, with how far off it may be."
    )


def _annotation(record: Record) -> str:
    reviews, total = record.reviews, record.counts.total
    screening, audit = reviews.screening, reviews.audit
    study = record.metrics.reader_study
    landmarks = record.metrics.landmarks
    labels = (
        "The label of a film is the class that the network was asked to draw, no person's word"
        if record.counts.labels
        else "Films have no labels"
    )
    placed = f" {_placed(landmarks)}" if landmarks else ""
    return (
        f"{labels}.{placed} People decide which films are released. Screening for gross"
        f" abnormalities: {screening.sentence or 'no reviewer has decided on a film.'}"
        f" {screening.undecided:,} of {total.generated:,} films are undecided."
        f" Memorization audit: {audit.reviewers:,} reviewer(s) judged {audit.judged:,} of the"
        f" {audit.pairs:,} most similar pairs of a source film and a synthetic one"
        f" ({by_people(audit.pairs_by_reviewers)}). Blinded reader"
        f" study: {study.raters:,} reader(s) gave {study.ratings:,} rating(s) of realism,"
        " 1 to 4, and picked the film of each quartet that they thought real."
    )


def _per_item(record: Record) -> str:
    params, reading = record.params, record.reviews.reader_study
    return (
        f"Asked for: {params.screen.reviewers_required} reviewer(s) for each generated film,"
        f" {params.audit.reviewers_required} for each listed pair, {reading.required}"
        f" reader(s) for each quartet of the reader study, of whom {reading.readers} finished."
    )


def _analysis(record: Record) -> list[str]:
    parts = ("screening", "audit")
    agreements = [(part, getattr(record.reviews, part).agreement) for part in parts]
    sentences = [
        f"Agreement of reviewers, {part}: {agreement.statistic} {agreement.kappa}."
        for part, agreement in agreements
        if agreement
    ]
    unknown = [part for part, agreement in agreements if not agreement]
    if unknown:
        sentences.append(f"Agreement of reviewers is not known: {', '.join(unknown)}.")
    sentence = record.metrics.reader_study.sentence
    return [*sentences, *([one_line(sentence)] if sentence else [])]


def _tools(record: Record) -> list[str]:
    prescreen, encoder = record.metrics.prescreen, record.metrics.audit.encoder
    return [
        f"Pre-screen of cxr-release: scores films for anomalies; excluded {prescreen.excluded:,}.",
        "Search for copies by aligned small pictures"
        f"{f' and by features of {encoder.name}' if encoder.weights else ''}: lists the pairs that"
        " people judge.",
        *(
            [
                "Landmarks by a ridge regression of source films: on"
                f" {placed.films['model']:,} film(s)."
            ]
            if (placed := record.metrics.landmarks) and placed.teacher
            else []
        ),
    ]


def _biases(record: Record) -> list[str]:
    drawn = record.source.kind == PHANTOMS
    inherited = (
        "The films vary as the program's drawings do; no age, sex, origin or disease is modelled."
        if drawn
        else "The films inherit what the source shows and leaves out."
    )
    population = one_line(record.source.population)
    excluded = record.counts.total.excluded
    network, its_source = "network", "its source"
    if not record.params.trains:
        network, its_source = "generator", "what it learnt from"
        inherited = "The films inherit what their generators learnt from, which is not known here."
    return [
        inherited,
        *([f"Whom the source shows: {population}"] if population else []),
        f"A {network} draws what is common in {its_source} more often than what is rare there.",
        f"{excluded:,} films were left out as abnormal or as possible copies; rare normal anatomy"
        " may be among them.",
    ]


def _limitations(record: Record) -> list[str]:
    undecided = record.reviews.screening.undecided_released
    audit, size = record.reviews.audit, record.params.ingest.film_size
    drawn = ["Drawn phantoms are not anatomy."] * (record.source.kind == PHANTOMS)
    return [
        *drawn,
        f"{size} pixels of 8 bits: finer detail is lost.",
        f"{undecided:,} released films are not decided on by any reviewer.",
        f"The audit lists {audit.pairs:,} pairs: that it finds no copy does not show that there"
        f" is none. {_membership(record)}",
        "Not for diagnosis, for measurements of anatomy, as the only data of a medical device, or"
        " for estimates of how often a finding occurs.",
    ]


def _membership(record: Record) -> str:
    scorecard = record.metrics.scorecard
    if scorecard is None:
        return "No test of membership inference was made."
    if not record.params.trains:
        return (
            "Which films the generators learnt from is not known here: no attack on membership"
            " could be made, and whether anybody can be told to be among them is not known."
        )
    made = [attack for attack in scorecard.privacy if attack["measurable"]]
    if not made:
        return "Whether it can be told that a film was trained on was not measurable."
    found = sum(bool(attack["leaks"]) for attack in made)
    return (
        f"{len(made)} of {len(scorecard.privacy)} attacks on membership, held against films that no"
        f" run saw, would have found films that were planted; {found} found a leak. Others may find"
        " more."
    )


def _uses(record: Record) -> list[str]:
    purpose = stated(record, "purpose")
    return [
        *([f"Why it was made: {purpose}"] if purpose else []),
        "Trying out and pretraining methods on films of this kind",
        "Research on synthetic images: detection, fidelity, screening, memorization",
        "Teaching how such datasets are made",
    ]


def _named(source: Source) -> str:
    if source.films_named_by == "sha256":
        return "the SHA-256 of their pixels, which anyone who has the film can compute"
    return "an HMAC of their pixels, which cannot be traced without a key that the publishers keep"


def _personal(record: Record) -> list[str]:
    source, ethics = record.source, stated(record, "ethics")
    if source.kind == PHANTOMS:
        first = "None: source films are drawings, and no patient was ever imaged."
        if record.elsewhere:
            first = (
                "None in the source films, which are drawings. What other generators were trained"
                " on is not known here."
            )
    elif source.films_shown:
        first = (
            f"{source.films_shown:,} real film(s) of the source are shown in the table"
            " audit_pairs, by name and picture, as the licence of the source allows."
        )
    else:
        first = (
            f"No real film is included; the table audit_pairs names them by {_named(source)}."
            " Copies of them were searched for; that a synthetic film repeats one, or that a"
            " patient is recognised, cannot be ruled out."
        )
    looking = record.reviews.burned_in
    return [
        first,
        *([f"Text burned into real films: {looking.sentence}"] if looking else []),
        *_guarantee(record),
        *([f"Ethics: {ethics}"] if ethics else []),
    ]


def _guarantee(record: Record) -> list[str]:
    training = record.metrics.training
    if training is None or training.privacy is None:
        return []
    privacy = training.privacy
    return [
        f"The network was trained with differential privacy, ε = {privacy.epsilon:g} and δ ="
        f" {privacy.delta:g} for each {privacy.unit}; {DATASHEET} says what that leaves open."
        + (" It says nothing of films that other generators drew." if record.elsewhere else "")
    ]
