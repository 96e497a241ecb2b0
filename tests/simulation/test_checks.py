"""The checks complain of what is wrong, and of nothing else."""

import json
from datetime import UTC, datetime
from random import Random

import pytest

from forgeledger.jobs.model.events import EventKind
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.lanes import Head, LaneRules
from forgeledger.sdk.command_encoder import encode
from forgeledger.sdk.report.outbox import SendResult, SendStatus
from tests.simulation.checks import Checks
from tests.simulation.handlers import Silence
from tests.simulation.lane_checks import LaneTruth, Violation
from tests.simulation.mutants import Catch
from tests.simulation.request_checks import Asked
from tests.simulation.workers import Workers
from tests.simulation.world import Rules, World

JOB_ID = make_job_id(0, 0, 1)


@pytest.fixture
def checks() -> Checks:
    world = World(random=Random(1), rules=Rules())
    checks = Checks(world, Asked(world.commands))
    head = Head(job_id=JOB_ID, lane=0, rules=LaneRules())
    checks.lanes.truths[f"JOB#{JOB_ID}#0"] = LaneTruth(head)
    return checks


def send(checks: Checks, *command_ids: str) -> None:
    commands = [
        {"type": "complete", "jobId": JOB_ID, "itemId": "a", "commandId": command_id}
        for command_id in command_ids
    ]
    queue = checks.world.commands
    queue.send(json.dumps({"commands": commands}), "group", f"m{len(queue.accepted)}")


def journal(checks: Checks, *command_ids: str) -> None:
    """The commands with these ids stand in the journal, in this order."""
    said = [checks.asked.body(message) for message in checks.world.commands.accepted]
    marks = {sent.command.command_id: sent.mark for each in said for sent in each.commands}
    truth = checks.lanes.truths[f"JOB#{JOB_ID}#0"]
    truth.marks = {marks[command_id]: (EventKind.COMPLETED,) for command_id in command_ids}


def test_commands_of_a_group_stand_in_the_order_of_the_queue(checks: Checks) -> None:
    send(checks, "one")
    send(checks, "two")
    journal(checks, "two", "one")

    with pytest.raises(Violation, match="m2 was applied before m1"):
        checks._in_order(dead=())


def test_a_command_that_was_sent_twice_takes_the_place_of_the_first(checks: Checks) -> None:
    send(checks, "one")
    send(checks, "two")
    send(checks, "one")
    journal(checks, "one", "two")

    checks._in_order(dead=())


def test_a_dead_letter_may_have_been_applied_when_nobody_heard_of_it(checks: Checks) -> None:
    send(checks, "one")
    send(checks, "two")
    send(checks, "one")
    journal(checks, "one", "two")

    checks._in_order(dead={1})


def test_an_error_in_the_code_is_not_swallowed_with_the_failures_of_services() -> None:
    Silence().error("job not relayed", exc_info=OSError("no connection"))

    with pytest.raises(Violation, match="TypeError: unexpected argument"):
        Silence().error("job not relayed", exc_info=TypeError("unexpected argument"))


def test_a_mutant_that_does_not_fit_any_more_counts_as_missed() -> None:
    assert Catch("a mutant", 1, "JOB#1: the head is not its journal's", 0.1).fits
    assert not Catch("a mutant", 1, "TypeError: unexpected argument", 0.1).fits
    assert not Catch("a mutant", 1, "without faults: NameError: no x", 0.1).fits


@pytest.fixture
def crew() -> Workers:
    """Of which the first worker has reported one item."""
    workers = Workers(World(random=Random(1), rules=Rules()))
    command = encode("claim", JOB_ID, "a", command_id="one", at=datetime(2026, 1, 1, tzinfo=UTC))
    workers.crew[0].said.append(command.command_id)
    workers.crew[0].outbox.add(command, 0.0)
    return workers


def test_a_report_waits_in_the_buffer_or_has_arrived(crew: Workers) -> None:
    crew.lose_nothing(set())
    (message,) = crew.crew[0].outbox.take(0.0, force=True)
    crew.crew[0].outbox.settle(message, SendResult(status=SendStatus.ACCEPTED), 0.0)

    crew.lose_nothing({"one"})
    with pytest.raises(Violation, match="w1 lost its reports"):
        crew.lose_nothing({"two"})


def test_no_report_is_given_up(crew: Workers) -> None:
    (message,) = crew.crew[0].outbox.take(0.0, force=True)
    crew.crew[0].outbox.settle(message, SendResult(status=SendStatus.FAILED), 0.0)

    with pytest.raises(Violation, match="w1 lost its reports"):
        crew.lose_nothing(set())
