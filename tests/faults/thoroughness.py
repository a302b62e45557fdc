"""How many examples the property tests of this folder take: more where that is asked for."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


def examples(usual: int, thorough: int) -> settings:
    """Settings for a property: `usual` examples, or `thorough` ones in the longer run."""
    return settings(
        max_examples=thorough if THOROUGH else usual,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
