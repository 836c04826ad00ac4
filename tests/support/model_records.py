"""A `model.json` of a network that may go out, and the attack that allows it."""

from __future__ import annotations

from typing import Any

import cxr_release

STEP = 1350


def network_attack(**changes: Any) -> dict[str, Any]:
    """An attack on the network of `STEP`, as a scorecard has it: it found little."""
    return {
        **{"attack": "calibrated loss", "access": "the network's weights", "unit": "film"},
        **{"measurable": True, "why_not": None, "fault": False, "proxy": False},
        **{"members": 400, "controls": 200, "member_patients": 300, "control_patients": 150},
        **{"auc": 0.51, "interval": [0.46, 0.56], "leaks": [], "powered": ["auc"]},
        "tpr": [
            {"at_most_fpr": 0.01, "false_positives": 2, "value": 0.01, "interval": [0.0027, 0.025],
             "measurable": True},
            {"at_most_fpr": 0.001, "false_positives": 0, "value": 0.0, "interval": [0.0, 0.009],
             "measurable": False},
        ],
        **{"target_step": STEP, "reference_step": 360, "subject": f"the network at step {STEP:,}"},
        **changes,
    }  # fmt: skip


def model_json(**changes: Any) -> dict[str, Any]:
    """A record; `changes` are keys of its top level."""
    return {
        **{"name": "films-model", "title": "Films: the network", "version": "1.0.0"},
        **{"tag": "v1.0.0", "license": "cc-by-4.0", "authors": ["A. Author"], "publisher": ""},
        **{"contact": "https://example.org", "identifier": "", "unset": [], "repository": ""},
        "dataset": {
            **{"name": "films", "title": "Films", "repository": "", "films": 160},
            "record_sha256": "a" * 64,
        },
        "network": {
            **{"checkpoint": 15, "step": STEP, "size": 64, "pixel_unshuffle": 2, "classes": []},
            "weights": {"sha256": "b" * 64, "parameters": 875_988},
        },
        "sampling": {"sampler": "sde-dpmsolver++", "steps": 25, "class_guidance": 1.0},
        "example": {"film": "checkpoint-15-initial-00000", "seed": 4711, "row": None},
        "source": {
            **{"kind": "phantoms", "title": "Phantoms", "license": "apache-2.0"},
            **{"citation": "us", "population": "", "stated": True, "public": True},
            **{"films_named_by": "sha256", "films_shown": 0},
        },
        "split": {
            **{"by": "patient", "films": {"tuning": 510, "held_out": 90, "control": 200}},
            **{"patients": None, "patients_not_stated": 0},
        },
        "training": {"privacy": None, "start": None},
        "learning": {"films": 600, "batch_size": 8, "flip": False},
        "distances": None,
        "attacks": [network_attack()],
        "most_tpr": 0.05,
        "software": {"cxr-release": cxr_release.__version__},
        **changes,
    }
