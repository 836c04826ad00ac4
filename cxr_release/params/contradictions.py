"""Values of params.yaml that are each right and do not fit together."""

from __future__ import annotations

from cxr_release.errors import Fault
from cxr_release.film_id import AUTOENCODER
from cxr_release.params.films import fit_faults
from cxr_release.params.project import Params
from cxr_release.params.sources import source_faults


def contradictions(params: Params) -> list[Fault]:
    """Values that are each right and do not fit together."""
    last = params.train.steps // params.train.checkpoint_every
    faults = _untrained_faults(params)
    faults += [
        Fault(
            "sample.checkpoints",
            f"checkpoint {number} is never reached",
            f"training ends at checkpoint {last}"
            f" ({params.train.steps} steps, one every {params.train.checkpoint_every})",
        )
        for number in params.sample.checkpoints
        if number > last and params.train.steps
    ]
    faults += [
        Fault(
            "score.checkpoints",
            f"checkpoint {number} is not one that films are sampled from",
            "take numbers of sample.checkpoints: those networks made the release",
        )
        for number in params.score.checkpoints
        if number not in params.sample.checkpoints
    ]
    folds = params.network.pixel_unshuffle * 2 ** (len(params.network.channels) - 1)
    of_latents = params.latent.halvings if params.latent.is_on else 1
    if params.train.steps and not params.ingest.film_size.is_multiple_of(folds * of_latents):
        asks = "the network asks" if of_latents == 1 else "latent and network ask together"
        less = "fewer network.channels"
        if of_latents > 1:
            less += ", a smaller network.pixel_unshuffle, or fewer latent.channels"
        faults.append(
            Fault(
                "ingest.size",
                f"{params.ingest.film_size} cannot be halved as often as {asks}",
                f"take multiples of {folds * of_latents}, or {less}",
            )
        )
    faults += fit_faults(params.ingest, "ingest.") + _model_faults(params)
    faults += _condition_faults(params) + _guidance_faults(params)
    faults += _autoencoder_faults(params) + _latent_faults(params)
    if params.network.attention > len(params.network.channels):
        faults.append(
            Fault(
                "network.attention",
                f"{params.network.attention} resolutions are more than the network has",
                f"take at most {len(params.network.channels)}",
            )
        )
    faults += [
        fault
        for name, source in params.sample.elsewhere.items()
        for fault in source_faults(f"sample.sources.{name}", source)
    ]
    if bool(params.screen.adjudicator) != (params.screen.conflict == "adjudicate"):
        faults.append(
            Fault(
                "screen.adjudicator",
                "an adjudicator and `conflict: adjudicate` go together",
                "give screen.adjudicator the name of who settles conflicts, or another conflict",
            )
        )
    faults += [
        Fault(
            f"{name}.weights",
            "a file of weights and its hash go together",
            f"give both {name}.weights and {name}.weights_sha256, or neither",
        )
        for name, section in (("fidelity", params.fidelity), ("audit", params.audit))
        if bool(section.weights) != bool(section.weights_sha256)
    ]
    if (params.train.start is None) != (params.train.start_sha256 is None):
        faults.append(
            Fault(
                "train.start",
                "a checkpoint to start from and the hash of its weights go together",
                "give both train.start and train.start_sha256, or neither",
            )
        )
    if bool(params.audit.weights) == (params.audit.encoder == "thumbnail"):
        faults.append(
            Fault(
                "audit.weights",
                "an encoder other than `thumbnail` and a file of weights go together",
                "give audit.weights and audit.weights_sha256, or take `encoder: thumbnail`",
            )
        )
    return faults


def _condition_faults(params: Params) -> list[Fault]:
    """What does not go together in what the network is told of films."""
    asked = params.condition
    faults = []
    if params.train.privacy is not None and params.train.flip == "labelled":
        faults.append(
            Fault(
                "train.flip",
                "is labelled, and private training tells the network of no flips",
                "set train.flip to true or false, or train.privacy to null",
            )
        )
    if not asked.is_on:
        return faults
    if params.train.privacy is not None:
        faults.append(
            Fault(
                "train.privacy",
                "does not cover how many films are of which class, which the classes tell",
                'set condition.label to "", or train.privacy to null',
            )
        )
    if not params.train.steps:
        faults.append(
            Fault(
                "condition.label",
                "is for training, and train.steps is 0: nothing is trained",
                'set condition.label to ""',
            )
        )
    if asked.guidance > 1 and not asked.drop:
        faults.append(
            Fault(
                "condition.guidance",
                "leads away from films without a class, and with `drop: 0` none are learnt",
                "set condition.guidance to 1.0, or condition.drop to more than 0",
            )
        )
    return faults


def _autoencoder_faults(params: Params) -> list[Fault]:
    """What does not go together with a second generator, or with none."""
    settings, every = params.autoencoder, params.train.checkpoint_every
    is_drawn = AUTOENCODER in params.sample.beside
    if bool(settings.steps) != is_drawn:
        return [
            Fault(
                "sample.generators",
                "names the autoencoder, and autoencoder.steps is 0: none is trained"
                if is_drawn
                else "does not name the autoencoder, and one is trained",
                "set sample.generators to [autoencoder] and autoencoder.steps to more than 0, or"
                " the one to [] and the other to 0",
            )
        ]
    if not is_drawn:
        return []
    faults = []
    if not params.train.steps:
        faults.append(
            Fault(
                "autoencoder.steps",
                "is for a generator beside the network, and train.steps is 0: none is trained",
                "set autoencoder.steps to 0, or train.steps to more than 0",
            )
        )
    if settings.steps < every:
        faults.append(
            Fault(
                "autoencoder.steps",
                f"{settings.steps} steps end before the first checkpoint at step {every}",
                f"take at least {every}, or lower train.checkpoint_every",
            )
        )
    if not params.ingest.film_size.is_multiple_of(settings.halvings):
        faults.append(
            Fault(
                "ingest.size",
                f"{params.ingest.film_size} cannot be halved as often as the autoencoder asks",
                f"take multiples of {settings.halvings}, or fewer autoencoder.channels",
            )
        )
    if params.train.privacy is not None:
        faults.append(
            Fault(
                "autoencoder.steps",
                "would train without differential privacy on the films that train.privacy protects",
                "set autoencoder.steps to 0 and sample.generators to []",
            )
        )
    return faults


def _latent_faults(params: Params) -> list[Fault]:
    """What does not go together where the network learns an autoencoder's latents."""
    settings, every = params.latent, params.train.checkpoint_every
    if not settings.is_on:
        return []
    faults = []
    if not params.train.steps:
        what = "is for the network, and train.steps is 0: nothing is trained"
        remedy = "set latent.steps to 0, or train.steps to more than 0"
        faults.append(Fault("latent.steps", what, remedy))
    if settings.steps < every:
        what = f"{settings.steps} steps end before the first checkpoint at step {every}"
        remedy = f"take at least {every}, or lower train.checkpoint_every"
        faults.append(Fault("latent.steps", what, remedy))
    if params.train.privacy is not None:
        what = "would train without differential privacy on the films that train.privacy protects"
        faults.append(Fault("latent.steps", what, "set it to 0, or train.privacy to null"))
    if params.train.start is not None:
        what = "has learnt pixels, or the latents of another autoencoder than this run's"
        faults.append(Fault("train.start", what, "set train.start to null, or latent.steps to 0"))
    if params.model.release:
        what = "the network draws latents, which diffusers alone does not turn into films"
        remedy = "set model.release to false, or latent.steps to 0"
        faults.append(Fault("model.release", what, remedy))
    return faults


def _guidance_faults(params: Params) -> list[Fault]:
    """What does not go together in guidance by an earlier checkpoint."""
    guidance = params.sample.guidance
    if guidance is None:
        return []
    if params.condition.is_on and params.condition.guidance > 1:
        return [
            Fault(
                "sample.guidance",
                "and condition.guidance both lead away from another prediction: there is one way",
                "set sample.guidance to null, or condition.guidance to 1.0",
            )
        ]
    return [
        Fault(
            "sample.guidance.checkpoint",
            f"checkpoint {guidance.checkpoint} is not earlier than checkpoint {number}, which it"
            " is to guide",
            "take a number below all of sample.checkpoints, or set sample.guidance to null",
        )
        for number in params.sample.checkpoints
        if number <= guidance.checkpoint
    ][:1]


def _model_faults(params: Params) -> list[Fault]:
    """What does not go together where the network is to be released."""
    if not params.model.release or not params.sample.checkpoints:
        return [
            Fault(
                "model.release",
                "no network is trained here that could be released",
                "set model.release to false",
            )
        ] * params.model.release
    number, sampled = params.modelled, params.sample.checkpoints
    faults = []
    if number not in sampled:
        what = f"checkpoint {number} is not one that films are sampled from"
        faults.append(Fault("model.checkpoint", what, "take a number of sample.checkpoints"))
    if number not in (params.score.checkpoints or sampled[-1:]):
        what = f"the network of checkpoint {number} is not attacked, so it could not be published"
        faults.append(Fault("model.checkpoint", what, "name it in score.checkpoints, too"))
    if params.sample.guidance is not None:
        what = "the films are guided by another checkpoint, which is not released with the network"
        faults.append(Fault("model.release", what, "set sample.guidance to null, or this to false"))
    return faults


def _untrained_faults(params: Params) -> list[Fault]:
    """What does not go together where nothing is trained, or where nothing is drawn here."""
    steps, checkpoints = params.train.steps, params.sample.checkpoints
    if steps and checkpoints:
        return []
    faults = []
    if steps:
        faults.append(
            Fault(
                "sample.checkpoints",
                "is empty, and a network is trained",
                "name checkpoints to sample from, or set train.steps to 0: nothing is trained",
            )
        )
    elif checkpoints:
        faults.append(
            Fault(
                "sample.checkpoints",
                "names checkpoints, and train.steps is 0: nothing is trained",
                "set sample.checkpoints to [], or train.steps to more than 0",
            )
        )
    if not checkpoints and not params.sample.elsewhere:
        faults.append(
            Fault(
                "sample.sources",
                "names no films of another generator, and none are drawn here",
                "name a source (docs/other-generators.md), or checkpoints to sample from",
            )
        )
    if not steps:
        faults += [
            Fault(
                f"train.{name}",
                "is for training, and train.steps is 0: nothing is trained",
                f"set train.{name} to null",
            )
            for name in ("privacy", "start")
            if getattr(params.train, name) is not None
        ]
    return faults
