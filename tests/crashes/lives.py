"""Whole lives of jobs, each with the events that it has to end in, whoever is killed meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from forgeledger.jobs.model.jobs import JobStatus, Tolerance
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.jobs.model.limits import ITEMS_PER_COMMIT
from tests.crashes.stage import Stage

LAZY = LaneRules(registers_on_the_way=True)
TWO_ATTEMPTS = LaneRules(registers_on_the_way=True, max_attempts=2)
# More than one commit takes.
MANY = [f"item-{number:03d}" for number in range(ITEMS_PER_COMMIT + 5)]


@dataclass(frozen=True)
class Life:
    """What is done; how the job ends; and all its events, in order."""

    live: Callable[[Stage], None]
    status: JobStatus
    events: tuple[str, ...]
    rejected_messages: int = 0

    @property
    def name(self) -> str:
        return self.live.__name__


def ask_for(kind: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "itemId": name, **fields}


def fail(name: str, *, retryable: bool, **fields: Any) -> dict[str, Any]:
    return ask_for("fail", name, error={"type": "Timeout", "retryable": retryable}, **fields)


def one_item(stage: Stage) -> None:
    stage.open(lanes=1, expected_items=1, rules=LAZY)
    stage.consume(stage.message("m1", ask_for("claim", "a"), ask_for("complete", "a")))


def failed_and_tried_again_beside_a_bad_message(stage: Stage) -> None:
    names = ["a", "b", "c", "d"]
    stage.open(lanes=2, expected_items=len(names), rules=TWO_ATTEMPTS)
    stage.consume(*(stage.message(f"claim-{name}", ask_for("claim", name)) for name in names))
    stage.consume(
        stage.message("fail-a", fail("a", attempt=1, retryable=True)),
        stage.message("finish-b", ask_for("finish", "b"), group="any"),
        stage.message("complete-b", ask_for("complete", "b")),
    )
    stage.consume(
        stage.message("again-a", ask_for("claim", "a"), ask_for("complete", "a")),
        stage.message("complete-c", ask_for("complete", "c"), group="useless"),
        stage.message("complete-d", ask_for("complete", "d"), group="useless"),
    )


def more_items_than_a_commit_takes(stage: Stage) -> None:
    stage.open(lanes=1, expected_items=len(MANY), rules=LAZY)
    stage.consume(stage.message("claims", *(ask_for("claim", name) for name in MANY)))
    stage.consume(
        stage.message("first", *(ask_for("complete", name) for name in MANY[:7])),
        stage.message("rest", *(ask_for("complete", name) for name in MANY[7:])),
    )


def many_lanes_sealed_at_the_end(stage: Stage) -> None:
    names = [f"item-{number}" for number in range(12)]
    stage.open(lanes=4, rules=LAZY)
    stage.consume(
        *(
            stage.message(f"m{number}", ask_for("claim", name), ask_for("complete", name))
            for number, name in enumerate(names[:10])
        )
    )
    stage.consume(stage.message("all", *(ask_for("complete", name) for name in names), group="g"))
    stage.seal()


def registered_and_sealed_in_one_request(stage: Stage) -> None:
    stage.open(lanes=2)
    stage.register(MANY, seal=True)
    stage.consume(stage.message("all", *(ask_for("complete", name) for name in MANY), group="g"))


def retried_after_its_completion(stage: Stage) -> None:
    stage.open(lanes=2, expected_items=3, rules=LAZY)
    stage.consume(
        stage.message("m1", ask_for("complete", "a"), ask_for("complete", "b"), group="g"),
        stage.message("m2", fail("c", retryable=False)),
    )
    stage.consume(stage.message("m3", ask_for("retry", "c")))
    stage.consume(stage.message("m4", ask_for("claim", "c"), ask_for("complete", "c")))


def reopened_for_one_more_item(stage: Stage) -> None:
    stage.open(lanes=2)
    stage.register(["a", "b"], seal=True)
    stage.consume(stage.message("m1", ask_for("complete", "a"), ask_for("complete", "b")))
    stage.reopen()
    stage.register(["c"])
    stage.consume(stage.message("m2", ask_for("complete", "c")))
    stage.seal()


def canceled_while_items_are_held(stage: Stage) -> None:
    stage.open(lanes=2)
    stage.register(["a", "b", "c"])
    stage.consume(stage.message("m1", ask_for("claim", "a"), ask_for("complete", "b"), group="g"))
    stage.cancel()
    stage.consume(stage.message("m2", ask_for("complete", "a")))


def more_failures_than_tolerated(stage: Stage) -> None:
    stage.open(lanes=2, expected_items=6, rules=LAZY, tolerance=Tolerance(failures=1))
    stage.consume(stage.message("m1", fail("a", retryable=False), ask_for("complete", "b")))
    stage.consume(stage.message("m2", fail("c", retryable=False), ask_for("claim", "d")))
    stage.consume(stage.message("m3", ask_for("complete", "d")))


_ENDS = ("1:job.created", "1:job.sealed", "1:job.completed")
LIVES = [
    Life(one_item, JobStatus.COMPLETED, _ENDS),
    Life(
        failed_and_tried_again_beside_a_bad_message,
        JobStatus.COMPLETED,
        _ENDS,
        rejected_messages=1,
    ),
    Life(more_items_than_a_commit_takes, JobStatus.COMPLETED, _ENDS),
    Life(many_lanes_sealed_at_the_end, JobStatus.COMPLETED, _ENDS),
    Life(registered_and_sealed_in_one_request, JobStatus.COMPLETED, _ENDS),
    Life(
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
    Life(
        reopened_for_one_more_item,
        JobStatus.COMPLETED,
        (*_ENDS, "2:job.reopened", "2:job.sealed", "2:job.completed"),
    ),
    Life(
        canceled_while_items_are_held,
        JobStatus.CANCELED,
        ("1:job.created", "1:job.canceled"),
    ),
    Life(
        more_failures_than_tolerated,
        JobStatus.FAILED,
        ("1:job.created", "1:job.first_failure", "1:job.failed"),
    ),
]
