"""How hard Hypothesis tries: the same examples in each run, or many new ones.

HYPOTHESIS_PROFILE=thorough looks for what nobody thought of; what it finds it prints as an
example to be added, and keeps in .hypothesis for the next run.
"""

import os

from hypothesis import HealthCheck, settings

_SLOW_MACHINE = (HealthCheck.too_slow, HealthCheck.data_too_large)

settings.register_profile(
    "default",
    derandomize=True,
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    database=None,
    suppress_health_check=_SLOW_MACHINE,
)
settings.register_profile(
    "thorough",
    max_examples=3_000,
    stateful_step_count=60,
    deadline=None,
    print_blob=True,
    suppress_health_check=_SLOW_MACHINE,
)


def load() -> None:
    """The profile that the environment names, for all tests of this process."""
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
