"""The window is kept and every item ends, in random histories; each defect breaks one of them."""

import pytest

from tests.simulation.dispatch.defects import DISPATCH
from tests.simulation.dispatch.history import DispatchHistory
from tests.simulation.lane_checks import Violation
from tests.simulation.mutant import Mutant

_HISTORIES = 100
# More than the rarest defect needs.
_MOST_HISTORIES = 300


def test_no_history_exceeds_the_window_loses_an_item_or_leaks_a_slot() -> None:
    for seed in range(_HISTORIES):
        DispatchHistory(seed).run()


@pytest.mark.parametrize("mutant", DISPATCH, ids=lambda mutant: mutant.name)
def test_a_defect_is_caught(mutant: Mutant) -> None:
    with mutant.install():
        assert any(_is_caught(seed) for seed in range(_MOST_HISTORIES))


def _is_caught(seed: int) -> bool:
    try:
        DispatchHistory(seed).run()
    except (Violation, AssertionError, LookupError):
        return True
    return False
