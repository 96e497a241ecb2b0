"""The oracle of a head's sums."""

import pytest

from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.model.sums import Sums
from tests.simulation.sums_oracle import wrong_sums
from tests.support.builders import make_head

BEFORE = make_head(counts=Counts(pending=1, completed=2), sums=Sums(again=1, retrying=1))


def test_sums_are_those_of_the_journal() -> None:
    assert wrong_sums(BEFORE, BEFORE, BEFORE.sums) is None
    assert wrong_sums(BEFORE, BEFORE, Sums(again=2, retrying=1)) is not None


@pytest.mark.parametrize(
    ("counts", "sums", "wrong"),
    [
        (Counts(completed=3), Sums(again=1, retrying=1), "are retrying"),
        (Counts(pending=1, completed=2), Sums(again=1, retrying=-1), "are retrying"),
        (Counts(pending=2, completed=1), Sums(again=1), "resolved 2 items after 3"),
        (Counts(pending=1, completed=2), Sums(), "resolved 2 items after 3"),
    ],
)
def test_sums_fit_the_counts_whatever_the_journal_says(
    counts: Counts, sums: Sums, wrong: str
) -> None:
    after = make_head(counts=counts, sums=sums)

    assert wrong in (wrong_sums(BEFORE, after, sums) or "")
