"""A cursor fits only the list it came from."""

import pytest

from forgeledger.jobs.http import cursors
from forgeledger.jobs.model.job_scan import BEGINNING, ScanPosition
from forgeledger.jobs.model.limits import (
    ITEM_ID_BYTES,
    ITEM_ID_CHARACTERS,
    LANES_SCANNED_AT_ONCE,
)
from forgeledger.jobs.usecases.read_items import ItemPosition
from forgeledger.jobs.usecases.read_journal import JournalPosition
from forgeledger.web.cursors import CursorInvalid, write_cursor

JOB = "01KAJ3Z8Q6T0V5M2N4R7X9Y1B3-2"
OTHER = "01KAJ3Z8Q6T0V5M2N4R7X9Y1B4-2"


def test_a_cursor_says_where_its_list_goes_on():
    position = ItemPosition(lane=1, after="naïve/🔑")
    journal = JournalPosition(facts=3, offsets=(10, 2**40))

    assert (
        cursors.read_items(cursors.write_items(position, JOB, "PENDING"), JOB, "PENDING")
        == position
    )
    assert cursors.read_journal(cursors.write_journal(journal, JOB), JOB) == journal
    assert cursors.read_jobs(cursors.write_jobs(JOB, None, "x"), None, "x") == JOB
    assert cursors.read_history(cursors.write_history(17, JOB, "a"), JOB, "a") == 17
    scan = ScanPosition(lane=2, begun=((0, "naïve/🔑"), (1, "b")))
    assert cursors.read_why(cursors.write_why(scan, JOB), JOB) == scan


def test_no_cursor_is_the_beginning():
    assert cursors.read_items(None, JOB, None) == ItemPosition()
    assert cursors.read_journal(None, JOB) == JournalPosition()
    assert cursors.read_jobs(None, None, None) is None
    assert cursors.read_history(None, JOB, "a") is None
    assert cursors.read_why(None, JOB) == BEGINNING


def test_at_the_end_there_is_no_cursor():
    assert cursors.write_items(None, JOB, None) is None
    assert cursors.write_jobs(None, None, None) is None
    assert cursors.write_history(None, JOB, "a") is None
    assert cursors.write_why(None, JOB) is None


def test_a_cursor_of_another_job_filter_or_list_is_refused():
    cursor = cursors.write_items(ItemPosition(lane=1, after="a"), JOB, "PENDING")

    for job_id, state in ((OTHER, "PENDING"), (JOB, "FAILED"), (JOB, None)):
        with pytest.raises(CursorInvalid):
            cursors.read_items(cursor, job_id, state)
    with pytest.raises(CursorInvalid):
        cursors.read_history(cursor, JOB, "a")


@pytest.mark.parametrize(
    ("read", "scope", "position"),
    [
        (lambda text: cursors.read_jobs(text, None, None), ["jobs", None, None], ["nonsense"]),
        (lambda text: cursors.read_items(text, JOB, None), ["items", JOB, None], [64, None]),
        (lambda text: cursors.read_items(text, JOB, None), ["items", JOB, None], [0, "x" * 1020]),
        (lambda text: cursors.read_history(text, JOB, "a"), ["history", JOB, "a"], [-1]),
        (lambda text: cursors.read_journal(text, JOB), ["journal", JOB], [0, 1]),
        (lambda text: cursors.read_journal(text, JOB), ["journal", JOB], [0, 1, -1]),
    ],
)
def test_a_forged_cursor_leads_nowhere_that_does_not_exist(read, scope, position):
    with pytest.raises(CursorInvalid):
        read(write_cursor(scope, position))


@pytest.mark.parametrize(
    "position",
    [
        [],
        [3],
        [-1],
        [2, 0],
        [2, 0, 7],
        [2, 2, "a"],
        [2, True, "a"],
        [2, 0, "a", 0, "b"],
        [1, 0, "x" * 1_020],
        ["a"],
    ],
)
def test_a_scan_does_not_continue_where_no_scan_can_have_stopped(position):
    with pytest.raises(CursorInvalid):
        cursors.read_why(write_cursor(["why", JOB], position), JOB)


@pytest.mark.parametrize("character", ["a", "\\", "\x01", "語", "🧾"])
def test_the_longest_cursor_of_a_scan_fits_into_a_request(character):
    job_id = JOB[:-1] + "64"
    name = character * min(ITEM_ID_CHARACTERS, ITEM_ID_BYTES // len(character.encode()))
    begun = tuple((lane, name) for lane in range(LANES_SCANNED_AT_ONCE))
    position = ScanPosition(lane=64, begun=begun)

    cursor = cursors.write_why(position, job_id)

    # API Gateway takes 10,240 bytes of request line and headers.
    assert len(cursor) < 9_000
    assert cursors.read_why(cursor, job_id) == position
