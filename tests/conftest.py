"""Options and Hypothesis profiles for all tests.

The ordinary profile tries the same few examples on every change, and shows a failing one as it was
drawn: to shrink it can take minutes. `make test-thorough` tries many more, chosen at random, and
shrinks what fails. No test depends on time: an example may take long on a busy machine.
"""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.support.examples import PROFILE

settings.register_profile(
    "ordinary",
    max_examples=50,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "thorough",
    max_examples=2_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(PROFILE)

# What a script starts in the background ignores SIGINT, and so does what that starts: no test could interrupt
# itself, or its child.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

REFRESH = "--refresh-goldens"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        REFRESH, action="store_true", help="Rewrite the expected outputs of the generator."
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption(REFRESH) and os.environ.get("CI"):
        raise pytest.UsageError(f"{REFRESH} is refused where CI is set: goldens are for review")
