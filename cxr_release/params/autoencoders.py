"""Sections `autoencoder` and `latent`: a second generator, and the first stage of the first."""

from __future__ import annotations

from dataclasses import dataclass

from cxr_release.film_size import Size
from cxr_release.params.limits import MOST_AT_ONCE, MOST_STEPS, channels
from cxr_release.settings import between, checked_by


@dataclass(frozen=True, kw_only=True)
class AutoencoderNetwork:
    """What an autoencoder is made of."""

    channels: tuple[int, ...] = channels(default=(24, 48, 64))
    layers: int = between(1, 16, default=1)
    pixel_unshuffle: int = checked_by("1, 2 or 4", lambda value: value in (1, 2, 4), default=2)
    latents: int = between(1, 4_096, "numbers that describe a film", default=64)

    @property
    def halvings(self) -> int:
        """Films must be a multiple of this many pixels high and wide."""
        return self.pixel_unshuffle << (len(self.channels) - 1)


@dataclass(frozen=True, kw_only=True)
class FirstStageNetwork(AutoencoderNetwork):
    """What the first stage of latent diffusion is made of: an autoencoder with spatial latents."""

    channels: tuple[int, ...] = channels(default=(32, 48, 64))
    latents: int = between(1, 64, "channels of the latents", default=4)

    def latent_shape(self, size: Size) -> tuple[int, int, int]:
        """Channels, height and width of the latents of a film of this size."""
        height, width = (side // self.halvings for side in size.shape)
        return self.latents, height, width


@dataclass(frozen=True, kw_only=True)
class AutoencoderParams(AutoencoderNetwork):
    """A second generator to compare with; what is not named here is as in `train`."""

    steps: int = between(0, MOST_STEPS, default=0)
    """0: there is no second generator."""
    batch_size: int = between(1, MOST_AT_ONCE, "films", default=8)
    learning_rate: float = between(1e-8, 1.0, default=2e-3)

    @property
    def network(self) -> AutoencoderNetwork:
        """What it is made of, alone."""
        return AutoencoderNetwork(
            channels=self.channels,
            layers=self.layers,
            pixel_unshuffle=self.pixel_unshuffle,
            latents=self.latents,
        )

    def last_checkpoint(self, checkpoint_every: int) -> int:
        """Number of its last checkpoint, which draws its films; 0: there is none."""
        return self.steps // checkpoint_every


@dataclass(frozen=True, kw_only=True)
class LatentParams(AutoencoderParams):
    """The autoencoder whose latents the network learns, instead of pixels; see
    docs/generators.md. `steps` 0: it learns pixels."""

    channels: tuple[int, ...] = channels(default=(32, 48, 64))
    latents: int = between(1, 64, "channels of the latents", default=4)

    @property
    def network(self) -> FirstStageNetwork:
        """What it is made of, alone."""
        return FirstStageNetwork(
            channels=self.channels,
            layers=self.layers,
            pixel_unshuffle=self.pixel_unshuffle,
            latents=self.latents,
        )

    @property
    def is_on(self) -> bool:
        """Whether the network learns latents."""
        return bool(self.steps)
