"""The rules that artefacts and release folders keep alike."""

from __future__ import annotations

from cxr_release.release.checks.audit import check_audit, check_pairs
from cxr_release.release.checks.counts import check_counts, check_exclusions, check_review
from cxr_release.release.checks.study import check_study

RULES = (check_exclusions, check_counts, check_review, check_pairs, check_audit, check_study)
