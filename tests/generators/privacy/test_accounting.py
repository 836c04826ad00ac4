"""ε against figures taken elsewhere, and against a computation of our own."""

from __future__ import annotations

import importlib.metadata
import math
from typing import Any

import pytest
from scipy.special import comb, logsumexp

from cxr_release.errors import TrainingError
from cxr_release.generators.privacy import accounting
from cxr_release.generators.privacy.accounting import epsilon_of, noise_for


@pytest.mark.parametrize(
    ("films", "batch", "steps", "sigma", "epsilon"),
    [
        (600, 8, 1350, 1.0, 2.66),  # dp-accounting's RDP accountant: 2.662
        (600, 8, 1350, 0.65, 8.08),
        (600, 64, 300, 1.29, 8.01),
        (4963, 8, 160_000, 0.72, 7.95),
        (4963, 512, 4000, 4.14, 7.98),
    ],
)
def test_epsilon_is_that_of_other_accountants(
    films: int, batch: int, steps: int, sigma: float, epsilon: float
) -> None:
    stated = epsilon_of(sigma, rate=batch / films, steps=steps, delta=1 / (10 * films))
    assert stated == pytest.approx(epsilon, abs=0.006)


def by_hand(sigma: float, rate: float, steps: int, delta: float) -> float:
    """ε over whole orders (Mironov, Talwar and Zhang, 2019, section 3.3; conversion: Canonne,
    Kamath and Steinke, 2020, proposition 12)."""
    best = math.inf
    for order in range(2, 200):
        terms = [
            math.log(comb(order, k))
            + (order - k) * math.log1p(-rate)
            + k * math.log(rate)
            + k * (k - 1) / (2 * sigma**2)
            for k in range(order + 1)
        ]
        renyi = steps * logsumexp(terms) / (order - 1)
        converted = (
            renyi + math.log1p(-1 / order) - (math.log(delta) + math.log(order)) / (order - 1)
        )
        best = min(best, float(converted))
    return best


@pytest.mark.parametrize(
    ("sigma", "rate", "steps", "delta"),
    [(1.0, 8 / 600, 1350, 1 / 6000), (2.0, 0.1, 500, 1e-5), (8.0, 0.01, 100, 1e-6)],
)
def test_epsilon_is_that_of_the_formula(
    sigma: float, rate: float, steps: int, delta: float
) -> None:
    """Fractional orders can only lower it, and here by little."""
    expected = by_hand(sigma, rate, steps, delta)
    stated = epsilon_of(sigma, rate=rate, steps=steps, delta=delta)
    assert stated <= expected + accounting.FINEST
    assert stated > 0.9 * expected


@pytest.mark.parametrize(
    "epsilon", [8.0, *(pytest.param(one, marks=pytest.mark.long) for one in (0.05, 0.5, 2.0, 100))]
)
def test_the_noise_is_the_least_that_is_enough(epsilon: float) -> None:
    given: dict[str, Any] = {"rate": 8 / 600, "steps": 1350, "delta": 1 / 6000}
    sigma = noise_for(epsilon, **given)
    assert epsilon_of(sigma, **given) <= epsilon
    assert epsilon_of(round(sigma - accounting.FINEST, 4), **given) > epsilon


def test_more_of_anything_costs_more() -> None:
    base: dict[str, Any] = {"rate": 0.02, "steps": 200, "delta": 1e-4}
    spent = epsilon_of(1.0, **base)
    assert epsilon_of(0.9, **base) > spent
    assert epsilon_of(1.0, **{**base, "rate": 0.04}) > spent
    assert epsilon_of(1.0, **{**base, "steps": 400}) > spent
    assert epsilon_of(1.0, **{**base, "delta": 1e-6}) > spent


def test_without_opacus_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(accounting, "version", missing)
    with pytest.raises(TrainingError, match=r"pip install 'cxr-release\[privacy\]'"):
        epsilon_of(1.0, rate=0.1, steps=10, delta=0.01)
