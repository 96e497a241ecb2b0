"""Logs merged by time: each in its own order, read no further than needed."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from forgeledger.journal.model.log_row import LogRow
from forgeledger.journal.model.merge import LogSource, merge
from tests.support.one_by_one import one_by_one


@dataclass
class Log:
    """Rows whose entries are times; it records how many rows each read returned."""

    rows: list[LogRow[int]]
    reads: list[int] = field(default_factory=list)

    def read(self, offset: int, limit: int) -> list[LogRow[int]]:
        rows = [row for row in self.rows if row.end > offset][:limit]
        self.reads.append(len(rows))
        return rows

    def source(self, number: int, at: int = 0) -> LogSource[int]:
        end = self.rows[-1].end if self.rows else 0
        return LogSource(number, at, end, self.read, lambda time: 1)


def log_of(*commits: tuple[int, ...]) -> Log:
    rows: list[LogRow[int]] = []
    for times in commits:
        rows.append(LogRow(offset=rows[-1].end if rows else 0, entries=times))
    return Log(rows)


def merged(
    sources: list[LogSource[int]], limit: int = 1_000, most_bytes: int = 1_000_000
) -> list[tuple[int, int, int]]:
    return list(merge(sources, limit, most_bytes, lambda time: time, one_by_one))


def test_the_earliest_goes_first_and_of_equal_times_the_lower_number() -> None:
    first, second = log_of((1, 5), (9,)), log_of((2, 5))

    entries = merged([first.source(0), second.source(1)])

    assert entries == [(0, 0, 1), (1, 0, 2), (0, 1, 5), (1, 1, 5), (0, 2, 9)]


def test_a_log_keeps_its_order_where_its_clock_went_back() -> None:
    assert [offset for _, offset, _ in merged([log_of((9, 1), (5,)).source(0)])] == [0, 1, 2]


def test_merging_resumes_where_it_stopped() -> None:
    log = log_of((1, 2, 3), (4, 5))
    source = log.source(0)

    page = merged([source], limit=2)
    rest = merged([log.source(0, at=source.at)])

    assert [time for _, _, time in page + rest] == [1, 2, 3, 4, 5]


def test_what_is_appended_meanwhile_is_left_for_the_next_page() -> None:
    log = log_of((1, 2))
    source = log.source(0)
    log.rows.append(LogRow(offset=2, entries=(3,)))

    assert [time for _, _, time in merged([source])] == [1, 2]


def test_a_log_whose_rows_expired_is_at_its_end() -> None:
    log = log_of((1, 2), (3,))
    source = log.source(0)
    log.rows.clear()

    assert merged([source]) == []
    assert source.is_read


def test_the_number_of_rows_to_read_follows_from_those_that_were_read() -> None:
    large, small = log_of(*[(7,) * 80] * 40), log_of(*[(7,)] * 400)

    assert len(merged([large.source(0)], limit=1_000)) == 1_000
    assert len(merged([small.source(0)], limit=400)) == 400
    assert sum(large.reads) <= 14
    assert len(small.reads) <= 4


def test_a_log_that_is_known_to_come_later_is_not_read() -> None:
    logs = [log_of(*[(time,) * 2_000] * 10) for time in range(5, 69)]
    sources = [log.source(number) for number, log in enumerate(logs)]
    for number, source in enumerate(sources):
        source.not_before = 5 + number

    assert merged(sources, limit=1) == [(0, 0, 5)]
    assert sum(sum(log.reads) for log in logs) == 1


def test_of_logs_whose_times_are_unknown_no_more_are_read_than_one_round() -> None:
    logs = [log_of(*[(time,) * 50] * 10) for time in range(64)]

    assert merged([log.source(number) for number, log in enumerate(logs)], limit=1) == [(0, 0, 0)]
    assert sum(sum(log.reads) for log in logs) == 1


def test_no_more_rows_are_read_than_the_bytes_that_are_left_may_hold() -> None:
    log = log_of(*[(7,) * 10] * 100)

    assert len(merged([log.source(0)], limit=900, most_bytes=35)) == 35
    assert sum(log.reads) <= 4


@given(
    st.lists(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), max_size=5), max_size=4),
    st.integers(1, 30),
)
def test_pages_of_any_size_give_every_entry_once(times: list[list[list[int]]], limit: int) -> None:
    sources = [log_of(*map(tuple, rows)).source(number) for number, rows in enumerate(times)]

    entries: list[tuple[int, int, int]] = []
    while page := merged(sources, limit):
        entries += page

    for number, rows in enumerate(times):
        own = [(offset, time) for source, offset, time in entries if source == number]
        assert own == list(enumerate(time for row in rows for time in row))
