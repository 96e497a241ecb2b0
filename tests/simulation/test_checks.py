"""The checks find what is wrong, and raise no false alarms."""

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
from tests.simulation.handlers import SilentLogger
from tests.simulation.lane_checks import ReplayedLane, Violation
from tests.simulation.mutants import MutantResult
from tests.simulation.request_checks import RequestLog
from tests.simulation.workers import SimulatedWorkers
from tests.simulation.world import SimulatedWorld
from tests.simulation.world_rules import WorldRules

JOB_ID = make_job_id(0, 0, 1)


@pytest.fixture
def checks() -> Checks:
    world = SimulatedWorld(random=Random(1), rules=WorldRules())
    checks = Checks(world, RequestLog(world.commands))
    head = Head(job_id=JOB_ID, lane=0, rules=LaneRules())
    checks.lanes.by_pk[f"JOB#{JOB_ID}#0"] = ReplayedLane(head)
    return checks


def send(checks: Checks, *command_ids: str) -> None:
    commands = [
        {"type": "complete", "jobId": JOB_ID, "itemId": "a", "commandId": command_id}
        for command_id in command_ids
    ]
    queue = checks.world.commands
    queue.send(json.dumps({"commands": commands}), "group", f"m{len(queue.accepted)}")


def journal(checks: Checks, *command_ids: str) -> None:
    """Put the commands with these ids into the journal, in this order."""
    contents = [
        checks.request_log.content_of(message) for message in checks.world.commands.accepted
    ]
    marks = {
        sent.command.command_id: sent.mark for content in contents for sent in content.commands
    }
    replayed = checks.lanes.by_pk[f"JOB#{JOB_ID}#0"]
    replayed.marks = {marks[command_id]: (EventKind.COMPLETED,) for command_id in command_ids}


def test_commands_of_a_group_stand_in_the_order_of_the_queue(checks: Checks) -> None:
    send(checks, "one")
    send(checks, "two")
    journal(checks, "two", "one")

    with pytest.raises(Violation, match="m2 was applied before m1"):
        checks._check_order(dead=())


def test_a_command_that_was_sent_twice_replaces_the_first(checks: Checks) -> None:
    send(checks, "one")
    send(checks, "two")
    send(checks, "one")
    journal(checks, "one", "two")

    checks._check_order(dead=())


def test_a_dead_letter_may_have_been_applied_without_an_answer(checks: Checks) -> None:
    send(checks, "one")
    send(checks, "two")
    send(checks, "one")
    journal(checks, "one", "two")

    checks._check_order(dead={1})


def test_an_error_in_the_code_is_not_swallowed_with_the_failures_of_services() -> None:
    SilentLogger().error("job not relayed", exc_info=OSError("no connection"))

    with pytest.raises(Violation, match="TypeError: unexpected argument"):
        SilentLogger().error("job not relayed", exc_info=TypeError("unexpected argument"))


def test_a_mutant_that_does_not_fit_any_more_counts_as_missed() -> None:
    assert MutantResult(
        "a mutant", 1, "JOB#1: the head is not that of the journal", 0.1
    ).fits_product
    assert not MutantResult("a mutant", 1, "TypeError: unexpected argument", 0.1).fits_product
    assert not MutantResult("a mutant", 1, "without faults: NameError: no x", 0.1).fits_product


@pytest.fixture
def crew() -> SimulatedWorkers:
    """Workers, of which the first one has buffered one report."""
    workers = SimulatedWorkers(SimulatedWorld(random=Random(1), rules=WorldRules()))
    command = encode("claim", JOB_ID, "a", command_id="one", at=datetime(2026, 1, 1, tzinfo=UTC))
    workers.workers[0].reported_ids.append(command.command_id)
    workers.workers[0].outbox.add(command, 0.0)
    return workers


def test_a_report_waits_in_the_buffer_or_has_arrived(crew: SimulatedWorkers) -> None:
    crew.check_nothing_lost(set())
    (message,) = crew.workers[0].outbox.take(0.0, force=True)
    crew.workers[0].outbox.record(message, SendResult(status=SendStatus.ACCEPTED), 0.0)

    crew.check_nothing_lost({"one"})
    with pytest.raises(Violation, match="w1 lost its reports"):
        crew.check_nothing_lost({"two"})


def test_no_report_is_given_up(crew: SimulatedWorkers) -> None:
    (message,) = crew.workers[0].outbox.take(0.0, force=True)
    crew.workers[0].outbox.record(message, SendResult(status=SendStatus.FAILED), 0.0)

    with pytest.raises(Violation, match="w1 lost its reports"):
        crew.check_nothing_lost(set())
