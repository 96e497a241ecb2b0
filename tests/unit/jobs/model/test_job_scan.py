"""What a scan keeps of the items that it finds."""

from forgeledger.jobs.model.items import ItemState, UnfinishedItem
from forgeledger.jobs.model.job_scan import ScanTally
from forgeledger.jobs.model.lanes import OTHER_ERRORS
from forgeledger.jobs.model.limits import ERROR_TYPES_PER_LANE

NOW = 1_000


def failed_before(number: int, error_type: str) -> UnfinishedItem:
    return UnfinishedItem(
        item_id=f"item-{number}",
        state=ItemState.PENDING,
        due_at=NOW + number,
        error_type=error_type,
    )


def test_retries_add_up_over_pages():
    tally = ScanTally()

    tally.add([failed_before(1, "Timeout"), failed_before(2, "Denied")], NOW)
    tally.add([failed_before(3, "Timeout")], NOW)

    assert dict(tally.retries) == {"Timeout": 2, "Denied": 1}
    assert tally.due_later.count == 3


def test_however_many_types_of_error_there_are_few_are_named():
    tally = ScanTally()
    types = ERROR_TYPES_PER_LANE + 5

    for number in range(types):
        tally.add([failed_before(number, f"Type{number}")], NOW)

    retries = dict(tally.retries)
    assert len(retries) == ERROR_TYPES_PER_LANE + 1
    assert retries[OTHER_ERRORS] == 5
    assert sum(retries.values()) == types
