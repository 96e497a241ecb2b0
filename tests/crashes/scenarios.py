"""Jobs from creation to end, each with its final status and events despite any crash."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from forgeledger.jobs.model.jobs import JobStatus, Tolerance
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.jobs.model.limits import ITEMS_PER_COMMIT
from tests.crashes.stage import CrashStage

LAZY = LaneRules(registers_on_the_way=True)
TWO_ATTEMPTS = LaneRules(registers_on_the_way=True, max_attempts=2)
# More items than one commit can hold.
MANY = [f"item-{number:03d}" for number in range(ITEMS_PER_COMMIT + 5)]


@dataclass(frozen=True)
class Scenario:
    """What happens to the job, its final status, and all of its events in order."""

    play: Callable[[CrashStage], None]
    status: JobStatus
    events: tuple[str, ...]
    rejected_messages: int = 0

    @property
    def name(self) -> str:
        return self.play.__name__


def command(kind: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "itemId": name, **fields}


def fail(name: str, *, retryable: bool, **fields: Any) -> dict[str, Any]:
    return command("fail", name, error={"type": "Timeout", "retryable": retryable}, **fields)


def one_item(stage: CrashStage) -> None:
    stage.open(lanes=1, expected_items=1, rules=LAZY)
    stage.consume(stage.message("m1", command("claim", "a"), command("complete", "a")))


def failed_and_tried_again_beside_a_bad_message(stage: CrashStage) -> None:
    names = ["a", "b", "c", "d"]
    stage.open(lanes=2, expected_items=len(names), rules=TWO_ATTEMPTS)
    stage.consume(*(stage.message(f"claim-{name}", command("claim", name)) for name in names))
    stage.consume(
        stage.message("fail-a", fail("a", attempt=1, retryable=True)),
        stage.message("finish-b", command("finish", "b"), group="any"),
        stage.message("complete-b", command("complete", "b")),
    )
    stage.consume(
        stage.message("again-a", command("claim", "a"), command("complete", "a")),
        stage.message("complete-c", command("complete", "c"), group="useless"),
        stage.message("complete-d", command("complete", "d"), group="useless"),
    )


def more_items_than_a_commit_takes(stage: CrashStage) -> None:
    stage.open(lanes=1, expected_items=len(MANY), rules=LAZY)
    stage.consume(stage.message("claims", *(command("claim", name) for name in MANY)))
    stage.consume(
        stage.message("first", *(command("complete", name) for name in MANY[:7])),
        stage.message("rest", *(command("complete", name) for name in MANY[7:])),
    )


def many_lanes_sealed_at_the_end(stage: CrashStage) -> None:
    names = [f"item-{number}" for number in range(12)]
    stage.open(lanes=4, rules=LAZY)
    stage.consume(
        *(
            stage.message(f"m{number}", command("claim", name), command("complete", name))
            for number, name in enumerate(names[:10])
        )
    )
    stage.consume(stage.message("all", *(command("complete", name) for name in names), group="g"))
    stage.seal()


def registered_and_sealed_in_one_request(stage: CrashStage) -> None:
    stage.open(lanes=2)
    stage.register(MANY, seal=True)
    stage.consume(stage.message("all", *(command("complete", name) for name in MANY), group="g"))


def retried_after_its_completion(stage: CrashStage) -> None:
    stage.open(lanes=2, expected_items=3, rules=LAZY)
    stage.consume(
        stage.message("m1", command("complete", "a"), command("complete", "b"), group="g"),
        stage.message("m2", fail("c", retryable=False)),
    )
    stage.consume(stage.message("m3", command("retry", "c")))
    stage.consume(stage.message("m4", command("claim", "c"), command("complete", "c")))


def reopened_for_one_more_item(stage: CrashStage) -> None:
    stage.open(lanes=2)
    stage.register(["a", "b"], seal=True)
    stage.consume(stage.message("m1", command("complete", "a"), command("complete", "b")))
    stage.reopen()
    stage.register(["c"])
    stage.consume(stage.message("m2", command("complete", "c")))
    stage.seal()


def canceled_while_items_are_held(stage: CrashStage) -> None:
    stage.open(lanes=2)
    stage.register(["a", "b", "c"])
    stage.consume(stage.message("m1", command("claim", "a"), command("complete", "b"), group="g"))
    stage.cancel()
    stage.consume(stage.message("m2", command("complete", "a")))


def more_failures_than_tolerated(stage: CrashStage) -> None:
    stage.open(lanes=2, expected_items=6, rules=LAZY, tolerance=Tolerance(failures=1))
    stage.consume(stage.message("m1", fail("a", retryable=False), command("complete", "b")))
    stage.consume(stage.message("m2", fail("c", retryable=False), command("claim", "d")))
    stage.consume(stage.message("m3", command("complete", "d")))


_ENDS = ("1:job.created", "1:job.sealed", "1:job.completed")
SCENARIOS = [
    Scenario(one_item, JobStatus.COMPLETED, _ENDS),
    Scenario(
        failed_and_tried_again_beside_a_bad_message,
        JobStatus.COMPLETED,
        _ENDS,
        rejected_messages=1,
    ),
    Scenario(more_items_than_a_commit_takes, JobStatus.COMPLETED, _ENDS),
    Scenario(many_lanes_sealed_at_the_end, JobStatus.COMPLETED, _ENDS),
    Scenario(registered_and_sealed_in_one_request, JobStatus.COMPLETED, _ENDS),
    Scenario(
        retried_after_its_completion,
        JobStatus.COMPLETED,
        (
            "1:job.created",
            "1:job.first_failure",
            "1:job.sealed",
            "1:job.completed",
            "2:job.reopened",
            "2:job.completed",
        ),
    ),
    Scenario(
        reopened_for_one_more_item,
        JobStatus.COMPLETED,
        (*_ENDS, "2:job.reopened", "2:job.sealed", "2:job.completed"),
    ),
    Scenario(
        canceled_while_items_are_held,
        JobStatus.CANCELED,
        ("1:job.created", "1:job.canceled"),
    ),
    Scenario(
        more_failures_than_tolerated,
        JobStatus.FAILED,
        ("1:job.created", "1:job.first_failure", "1:job.failed"),
    ),
]
