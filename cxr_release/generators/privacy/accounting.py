"""ε of a private run from its noise, and the noise for an ε: by opacus's accountant.

The accountant composes Rényi differential privacy of the subsampled Gaussian mechanism (Mironov,
Talwar and Zhang, 2019) over the steps, and turns it into (ε, δ) for neighbours of which one lacks a
patient (or a film; see `units`) of the other. Nothing else of opacus is used: its hooks give wrong
gradients of single films for this network, as docs/privacy.md shows.

opacus is an optional part of the installation: without private training nobody needs it, and it
pins other libraries. It is imported where it is used.
"""

from __future__ import annotations

import math
import warnings
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from cxr_release.errors import TrainingError

ORDERS = (
    *(1 + tenth / 10 for tenth in range(1, 100)),
    *map(float, range(11, 64)),
    *(80.0, 96.0, 128.0, 192.0, 256.0, 512.0),
)
"""Orders of the Rényi divergence over which ε is minimized: more can only lower it."""
FINEST = 1e-4
"""σ and ε are stated in multiples of this, and never too low."""
SIGMAS = (0.1, 1e6)
"""Smallest and largest noise multiplier that is accounted for. Under the smallest ε is in the
hundreds after a few steps: no guarantee worth the name, and the series converge slowly."""
REMEDY = "install it with `pip install 'cxr-release[privacy]'`"


def is_installed() -> bool:
    """Whether the accountant can be asked."""
    return find_spec("opacus") is not None


def opacus_version() -> str:
    """Version of the accountant's library.

    Raises:
        TrainingError: it is not installed.
    """
    try:
        return version("opacus")
    except PackageNotFoundError:
        raise TrainingError("private training needs opacus's accountant", remedy=REMEDY) from None


def epsilon_of(sigma: float, *, rate: float, steps: int, delta: float) -> float:
    """ε after `steps` steps, in whole multiples of `FINEST`, rounded up.

    Args:
        sigma: standard deviation of the noise, in clips: from `SIGMAS`.
        rate: probability with which each patient is drawn for a step, above 0, at most 1.
        steps: how many are taken.
        delta: the δ that ε goes with.

    Raises:
        TrainingError: opacus is not installed.
    """
    accountant = _accountant()
    accountant.history = [(sigma, rate, steps)]
    with warnings.catch_warnings():
        # That the best order is the first or the last: more orders could only lower ε.
        warnings.simplefilter("ignore", UserWarning)
        spent = max(0.0, float(accountant.get_epsilon(delta=delta, alphas=list(ORDERS))))
    # A last bit more on another machine must not come to the next multiple.
    return round(math.ceil(spent / FINEST - 1e-6) * FINEST, 4)


def noise_for(epsilon: float, *, rate: float, steps: int, delta: float) -> float:
    """The least noise multiplier σ, in whole multiples of `FINEST`, whose ε is at most `epsilon`.

    Args:
        epsilon: at most this is to be spent.
        rate: probability with which each patient is drawn for a step.
        steps: how many are taken.
        delta: the δ that ε goes with.

    Raises:
        TrainingError: no noise is enough, or opacus is not installed.
    """

    def is_enough(multiple: int) -> bool:
        sigma = multiple * FINEST
        return epsilon_of(sigma, rate=rate, steps=steps, delta=delta) <= epsilon

    least, most = (round(sigma / FINEST) for sigma in SIGMAS)
    low, enough = 0, round(1 / FINEST)
    while not is_enough(enough):
        low, enough = enough, 2 * enough
        if enough > most:
            raise TrainingError(
                f"no noise makes {steps:,} steps private to ε = {epsilon:g} with δ = {delta:g}",
                where="train.privacy",
                remedy="raise epsilon or delta, or take fewer steps or smaller batches",
            )
    low = max(low, least - 1)
    while enough - low > 1:
        middle = (low + enough) // 2
        low, enough = (low, middle) if is_enough(middle) else (middle, enough)
    return round(enough * FINEST, 4)


def _accountant() -> Any:
    opacus_version()
    from opacus.accountants import RDPAccountant

    return RDPAccountant()
