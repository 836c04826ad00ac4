from __future__ import annotations

import pytest

from tests.support.fidelity_artefacts import Weights, hash_of, random_weights
from tests.support.once import made_once


@pytest.fixture(scope="session")
def weights() -> Weights:
    """A file of weights of torch-fidelity's InceptionV3 that have learnt nothing. Read it only."""
    path = made_once("inception.pth", random_weights)
    return Weights(path, hash_of(path))
