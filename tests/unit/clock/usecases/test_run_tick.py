"""The tick: a wake for everything that is due before the next one."""

from collections.abc import Sequence

import pytest

from forgeledger.clock.model.due import SHARDS, Due
from forgeledger.clock.usecases import run_tick
from forgeledger.clock.usecases.run_tick import Tick
from forgeledger.runtime import Runtime
from tests.support.builders import NOW
from tests.support.one_by_one import one_by_one

RUNTIME = Runtime(clock=lambda: NOW, parallel=one_by_one)


class Index:
    """What is due, by shard; some shards cannot be read."""

    def __init__(self, *rows: tuple[int, Due], broken: Sequence[int] = ()) -> None:
        self.rows = rows
        self.broken = broken

    def find_due(self, shard: int, until: int, limit: int) -> Sequence[Due]:
        if shard in self.broken:
            raise ConnectionError(f"shard {shard}")
        found = [row for of, row in self.rows if of == shard and row.at <= until]
        return sorted(found, key=lambda row: row.at)[:limit]


class Wakes:
    def __init__(self) -> None:
        self.sent: list[Due] = []

    def send(self, wakes: Sequence[Due]) -> None:
        self.sent += wakes


def due(name: str, in_ms: int) -> Due:
    return Due(pk=name, at=NOW + in_ms)


def test_what_is_due_before_the_next_tick_gets_a_wake_in_whichever_shard() -> None:
    rows = [(shard, due(f"JOB#{shard}", shard)) for shard in range(SHARDS)]
    late, next_one = (3, due("JOB#late", -3_600_000)), (4, due("JOB#next", 74_000))
    index, wakes = Index(*rows, late, next_one, (5, due("JOB#later", 76_000))), Wakes()

    sent = Tick(due=index, wakes=wakes, runtime=RUNTIME).run()

    assert sent == len(wakes.sent) == SHARDS + 2
    assert "JOB#later" not in {wake.pk for wake in wakes.sent}


def test_a_shard_that_cannot_be_read_fails_the_tick_after_the_others() -> None:
    index, wakes = Index((0, due("JOB#a", 0)), (9, due("JOB#b", 0)), broken=[4]), Wakes()

    with pytest.raises(ConnectionError, match="shard 4"):
        Tick(due=index, wakes=wakes, runtime=Runtime(clock=lambda: NOW)).run()

    assert {wake.pk for wake in wakes.sent} == {"JOB#a", "JOB#b"}


def test_a_tick_sends_a_bounded_number_of_wakes_the_earliest_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_tick, "_WAKES_PER_SHARD", 2)
    index, wakes = Index(*((7, due(f"JOB#{n}", -n)) for n in range(5))), Wakes()

    assert Tick(due=index, wakes=wakes, runtime=RUNTIME).run() == 2
    assert [wake.pk for wake in wakes.sent] == ["JOB#4", "JOB#3"]
