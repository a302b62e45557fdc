"""How many random examples a property test tries in the ordinary and in the thorough run."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ordinary")


def examples(ordinary: int, thorough: int) -> settings:
    """Return the settings for a property test that needs other numbers than its profile has.

    Its examples may be large, and many of them may be discarded.
    """
    return settings(
        max_examples=thorough if PROFILE == "thorough" else ordinary,
        suppress_health_check=list(HealthCheck),
    )
