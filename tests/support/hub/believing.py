"""What stands where verification does, which has its own tests and takes its time.

A module of its own: each client process imports it, and little else beside what is tested.
"""

from __future__ import annotations

from types import ModuleType

VERIFY = "cxr_release.release.verify"
BELIEVING = ModuleType(VERIFY)
BELIEVING.__dict__.update(verify=lambda folder: {}, require_true=lambda report: None)
