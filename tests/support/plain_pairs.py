"""What the audit says of a pair that matches whole, unmoved."""

from __future__ import annotations

from typing import Any

POSE: dict[str, Any] = {"turn": 0.0, "scale": 1.0, "right": 0.0, "down": 0.0}
"""Columns of `schemas.PAIRS`."""
MATCH: dict[str, Any] = {"score": 4.25, "part": "whole", "p": None, **POSE}
"""Likewise."""
