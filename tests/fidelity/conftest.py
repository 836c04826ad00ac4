from __future__ import annotations

import pytest

from tests.support.fidelity_artefacts import Weights, random_weights


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    """A file of weights of torch-fidelity's InceptionV3 that have learnt nothing."""
    return random_weights(tmp_path_factory.mktemp("inception") / "weights.pth")
