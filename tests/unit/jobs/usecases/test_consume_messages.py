"""A batch of queue messages: applied lane by lane, rejected, or left for redelivery."""

from collections import Counter

import pytest

from forgeledger.jobs.model.ids import group_of
from forgeledger.jobs.model.lanes import LaneRules
from tests.support.intake_bench import Bench, item_in
from tests.support.ledgers import Ledger


@pytest.fixture
def bench(ledger: Ledger) -> Bench:
    return Bench(ledger)


def test_a_batch_of_two_lanes_is_applied_and_acknowledged(bench: Bench) -> None:
    job_id = bench.ledger.job(expected_items=9, rules=LaneRules(registers_on_the_way=True))
    names = [item_in(job_id, 0), item_in(job_id, 1)]

    result = bench.take(
        *(bench.message(bench.command("claim", job_id, name)) for name in names),
        *(bench.message(bench.command("complete", job_id, name)) for name in names),
    )

    assert (result.failed, result.rejected, result.errors) == ((), 0, ())
    assert [head.counts.completed for head in bench.ledger.view(job_id).heads] == [1, 1]
    assert [report.outcomes for report in result.lanes] == [Counter(applied=2)] * 2


def test_the_same_batch_again_changes_nothing(bench: Bench) -> None:
    job_id = bench.ledger.job(lanes=1)
    bench.ledger.do(job_id, "register", "a")
    batch = [bench.message(bench.command(kind, job_id, "a")) for kind in ("claim", "complete")]
    bench.take(*batch)
    before = bench.ledger.view(job_id)

    again = bench.take(*batch)

    assert again.failed == ()
    assert [report.outcomes for report in again.lanes] == [Counter(duplicate=2)]
    assert bench.ledger.view(job_id) == before


def test_many_commands_in_a_message_are_one_commit_a_lane(bench: Bench) -> None:
    job_id = bench.ledger.job(lanes=1)
    commands = [bench.command("register", job_id, f"i{n}") for n in range(90)]

    result = bench.take(bench.message({"commands": commands}))

    assert result.failed == ()
    assert bench.ledger.view(job_id).heads[0].counts.pending == 90
    assert len(bench.ledger.store.read_journal(job_id, 0, 0, 10)) == 1


def test_a_busy_lane_is_reported_with_the_rest_of_its_group_and_no_other(bench: Bench) -> None:
    job_id = bench.ledger.job()
    bench.busy_lanes = frozenset({0})
    busy, free = item_in(job_id, 0), item_in(job_id, 1)
    messages = [
        bench.message(bench.command("register", job_id, free), group_of(job_id, 1)),
        bench.message(bench.command("register", job_id, busy), group_of(job_id, 0)),
        bench.message(bench.command("claim", job_id, free), group_of(job_id, 1)),
        bench.message(bench.command("claim", job_id, busy), group_of(job_id, 0)),
    ]

    result = bench.take(*messages)

    assert result.failed == ("m2", "m4")
    assert bench.ledger.view(job_id).heads[1].counts.in_progress == 1


def test_with_foreign_groups_only_what_depends_on_the_busy_lane_comes_again(bench: Bench) -> None:
    job_id = bench.ledger.job()
    bench.busy_lanes = frozenset({0})
    busy, free = item_in(job_id, 0), item_in(job_id, 1)
    messages = [
        bench.message(bench.command("register", job_id, free), "g1"),
        bench.message(bench.command("register", job_id, busy), "g1"),
        bench.message(bench.command("claim", job_id, free), "g1"),
        bench.message(bench.command("claim", job_id, free), "g2"),
    ]

    result = bench.take(*messages)

    assert result.failed == ("m2", "m3")


def test_after_a_busy_lane_came_free_redelivery_gives_the_same_end(bench: Bench) -> None:
    job_id = bench.ledger.job()
    busy, free = item_in(job_id, 0), item_in(job_id, 1)
    messages = [
        bench.message(bench.command(kind, job_id, name))
        for name in (busy, free)
        for kind in ("register", "claim", "complete")
    ]
    bench.busy_lanes = frozenset({0})
    result = bench.take(*messages)
    bench.busy_lanes = frozenset()

    again = bench.take(*(message for message in messages if message.message_id in result.failed))

    assert again.failed == ()
    assert [head.counts.completed for head in bench.ledger.view(job_id).heads] == [1, 1]


def test_what_can_never_be_applied_is_rejected_and_blocks_nothing(bench: Bench) -> None:
    job_id = bench.ledger.job(lanes=1)

    result = bench.take(
        bench.message("not JSON"),
        bench.message(bench.command("finish", job_id, "a")),
        bench.message(bench.command("claim", "no-such-job", "a")),
        bench.message(bench.command("register", job_id, "a")),
    )

    assert (result.failed, result.rejected) == ((), 3)
    assert [(name, [p.reason for p in problems]) for name, problems in bench.rejects.rejected] == [
        ("m1", ["invalid"]),
        ("m2", ["invalid"]),
        ("m3", ["unknown_job"]),
    ]
    assert bench.ledger.view(job_id).heads[0].counts.pending == 1


def test_what_is_wrong_is_named_by_its_path_in_the_message(bench: Bench) -> None:
    wrong = bench.command("claim", "no-such-job", "a", error={"type": 7})

    result = bench.take(
        bench.message(wrong),
        bench.message({"commands": [7, wrong]}),
        bench.message("not JSON"),
    )

    assert [[p.field for p in rejected.problems] for rejected in result.rejections] == [
        ["error.type"],
        ["commands[0]", "commands[1].error.type"],
        ["body"],
    ]
    assert [(name, tuple(problems)) for name, problems in bench.rejects.rejected] == [
        (rejected.message_id, rejected.problems) for rejected in result.rejections
    ]


def test_of_many_commands_only_the_invalid_ones_are_rejected(bench: Bench) -> None:
    job_id = bench.ledger.job(lanes=1)
    commands = [
        bench.command("register", job_id, "a"),
        bench.command("register", job_id, ""),
        bench.command("register", "no-such-job", "b"),
        bench.command("register", job_id, "c"),
    ]

    result = bench.take(bench.message({"commands": commands}))

    assert (result.failed, result.rejected) == ((), 1)
    ((_, problems),) = bench.rejects.rejected
    assert [(p.index, p.field) for p in problems] == [
        (1, "commands[1].itemId"),
        (2, "commands[2].jobId"),
    ]
    assert bench.ledger.view(job_id).heads[0].counts.pending == 2


def test_without_the_reject_queue_the_message_stays_in_its_own(bench: Bench) -> None:
    bench.rejects.broken = True

    result = bench.take(bench.message("not JSON"), bench.message("this neither", "another"))

    assert result.failed == ("m1", "m2")
    assert len(result.errors) == 2


def test_a_bad_message_behind_a_failed_one_of_its_group_waits_with_it(bench: Bench) -> None:
    job_id = bench.ledger.job(lanes=1)
    bench.busy_lanes = frozenset({0})

    result = bench.take(
        bench.message(bench.command("register", job_id, "a")), bench.message("not JSON")
    )

    assert result.failed == ("m1", "m2")
    assert bench.rejects.rejected == []


def test_the_lag_counts_from_when_the_oldest_command_happened(bench: Bench) -> None:
    job_id = bench.ledger.job(lanes=1)
    command = bench.command("register", job_id, "a", at="2025-12-31T23:59:00Z")

    untimed = bench.take(bench.message(bench.command("register", job_id, "b")))
    timed = bench.take(bench.message(command))

    assert [report.lag_ms for report in untimed.lanes] == [5_000]
    assert [report.lag_ms for report in timed.lanes] == [60_000]


@pytest.mark.parametrize(
    "at",
    [
        "0001-01-01T00:00:00+14:00",
        "1970-01-01T00:00:00Z",
        "2025-12-17T23:59:59Z",
        "2025-12-31T23:59:56Z",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_worker_whose_clock_is_wrong_loses_no_command_and_spoils_no_lag(
    bench: Bench, at: str
) -> None:
    job_id = bench.ledger.job(lanes=1)

    result = bench.take(bench.message(bench.command("register", job_id, "a", at=at)))

    assert (result.failed, result.rejected) == ((), 0)
    [lane] = result.lanes
    assert (lane.outcomes, lane.lag_ms, lane.conflicts) == (Counter(applied=1), 5_000, 0)


def test_what_was_not_committed_has_no_lag(bench: Bench) -> None:
    job_id = bench.ledger.job(lanes=1)
    bench.busy_lanes = frozenset({0})

    result = bench.take(
        bench.message(bench.command("register", job_id, "a")),
        bench.message(bench.command("register", f"{job_id[:-1]}2", item_in(f"{job_id[:-1]}2", 1))),
    )

    assert [lane.lag_ms for lane in result.lanes] == [None, None]


def turns(bench: Bench, job_id: str, number: int, item_id: str = "a") -> list[dict[str, object]]:
    """So many commands of one item, each of which changes it."""
    return [bench.command(("claim", "release")[n % 2], job_id, item_id) for n in range(number)]


def test_many_commands_of_one_item_are_not_applied_again_by_a_redelivery(bench: Bench) -> None:
    job_id = bench.ledger.job(lanes=1)
    bench.ledger.do(job_id, "register", "a")
    message = bench.message({"commands": turns(bench, job_id, 34)})
    first = bench.take(message)
    before = bench.ledger.view(job_id)

    again = [bench.take(message) for _ in range(3)]

    assert (first.rejected, first.redelivered) == (1, ())
    assert [result.lanes[0].outcomes for result in again] == [Counter(duplicate=32)] * 3
    assert bench.ledger.view(job_id) == before


def test_of_a_delivery_no_more_is_applied_than_each_item_can_remember(bench: Bench) -> None:
    job_id = bench.ledger.job(lanes=1)
    for name in "ab":
        bench.ledger.do(job_id, "register", name)
    left = [bench.message({"commands": turns(bench, job_id, 20)}, "g") for _ in range(4)]
    left.insert(1, bench.message({"commands": turns(bench, job_id, 20, "b")}, "g"))
    left.append(bench.message({"commands": turns(bench, job_id, 12)}, "h"))
    taken: list[list[str]] = []

    while left:
        # The first answer of each delivery is lost.
        lost, result = bench.take(*left), bench.take(*left)
        assert lost.held_back == result.held_back
        assert all(set(lane.outcomes) == {"duplicate"} for lane in result.lanes)
        waiting = set(result.redelivered)
        taken.append([message.message_id for message in left if message.message_id not in waiting])
        left = [message for message in left if message.message_id in waiting]

    assert taken == [["m1", "m5", "m6"], ["m2"], ["m3"], ["m4"]]
    assert result.failed == ()
