"""The door to imagededup, which speaks up on import and at each step."""

from __future__ import annotations

import logging
import warnings
from typing import Any

from cxr_release.encoders.encoder import Encoder


def imagededup_models() -> Any:
    """Its module of models."""
    with warnings.catch_warnings():
        # imagededup's optional parts warn about themselves on import; none of them is used here.
        warnings.simplefilter("ignore")
        from imagededup.utils import models
    return models


def imagededup_cnn(encoder: Encoder) -> Any:
    """Its `CNN` with an encoder of ours; on a GPU if there is one."""
    models = imagededup_models()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from imagededup.methods import CNN

    # Its logger sets its own level to INFO each time, so only a filter can quiet it.
    logging.getLogger("imagededup.methods.cnn").addFilter(_is_warning)
    custom = models.CustomModel(name=encoder.name, model=encoder.model, transform=encoder.transform)
    return CNN(verbose=False, model_config=custom)


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING
