"""All sections of params.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field

from cxr_release.film_id import origin_of
from cxr_release.film_size import Size
from cxr_release.params.autoencoders import AutoencoderParams, LatentParams
from cxr_release.params.films import ClearanceParams, IngestParams, SplitParams
from cxr_release.params.measures import AuditParams, CurvesParams, FidelityParams, ScoreParams
from cxr_release.params.people import (
    LandmarksParams,
    PrescreenParams,
    ReviewParams,
    ScreenParams,
    StudyParams,
)
from cxr_release.params.publication import ModelParams, ReleaseParams
from cxr_release.params.sampling import SampleParams
from cxr_release.params.training import (
    ComputeParams,
    ConditionParams,
    NetworkParams,
    TrainParams,
    TrainTuningParams,
)
from cxr_release.settings import LATER, checked_by


@dataclass(frozen=True, kw_only=True)
class Params:
    """All of params.yaml."""

    seed: int = checked_by("0 to 2^63 - 1", lambda value: 0 <= value < 2**63)
    ingest: IngestParams
    clearance: ClearanceParams
    split: SplitParams
    condition: ConditionParams = field(default_factory=ConditionParams, metadata=LATER)
    compute: ComputeParams
    network: NetworkParams
    train: TrainParams
    latent: LatentParams = field(default_factory=LatentParams, metadata=LATER)
    autoencoder: AutoencoderParams = field(default_factory=AutoencoderParams, metadata=LATER)
    train_tuning: TrainTuningParams
    curves: CurvesParams
    fidelity: FidelityParams
    sample: SampleParams
    prescreen: PrescreenParams
    review: ReviewParams
    screen: ScreenParams
    audit: AuditParams
    study: StudyParams
    score: ScoreParams
    landmarks: LandmarksParams = field(default_factory=LandmarksParams, metadata=LATER)
    model: ModelParams = field(default_factory=ModelParams, metadata=LATER)
    release: ReleaseParams

    @property
    def trains(self) -> bool:
        """Whether a network is trained here; if not, other generators drew all films."""
        return bool(self.train.steps)

    @property
    def autoencoder_step(self) -> int:
        """Training steps of the autoencoder that draws films; 0: there is none."""
        every = self.train.checkpoint_every
        return self.autoencoder.last_checkpoint(every) * every

    @property
    def latent_step(self) -> int:
        """Training steps of the autoencoder whose latents the network learns; 0: it learns
        pixels."""
        every = self.train.checkpoint_every
        return self.latent.last_checkpoint(every) * every

    @property
    def latent_size(self) -> Size | None:
        """Of the latents of a film; None: the network learns pixels."""
        if not self.latent.is_on:
            return None
        _, height, width = self.latent.network.latent_shape(self.ingest.film_size)
        return Size(width=width, height=height)

    @property
    def modelled(self) -> int | None:
        """Number of the checkpoint that is released as a model; None where none is."""
        if not self.model.release:
            return None
        return self.model.checkpoint or self.sample.checkpoints[-1]

    def millimetres_per_pixel_of(self, source: str) -> float | None:
        """The scale of a source's films; None where it is not known, as of other makers'."""
        drawn_here = origin_of(source) != "elsewhere"
        return self.ingest.millimetres_per_pixel if drawn_here else None


UNTRAINED = "no network was trained here: train.steps is 0"
"""Why a stage that is about the project's own network has nothing to say."""
