"""The same job by other designs: two written by hand, measured, and Step Functions, calculated.

The items' own work is the same everywhere and left out. The delivery of items to workers is
included everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.cost.usage import Usage

# Assumed: how long a worker takes for a short item.
ITEM_SECONDS: Final = 0.05
ITEMS_PER_CHILD: Final = 100
# A child is a workflow with one Task state. The map's start of a child is a state transition, also
# where the child is express; the state of a standard child is a second one.
_STANDARD_TRANSITIONS: Final = 2
_EXPRESS_TRANSITIONS: Final = 1
_PARENT_TRANSITIONS: Final = 3
_EXPRESS_ROUNDED_SECONDS: Final = 0.1
_EXPRESS_GB: Final = 64 / 1_024
_MESSAGES_PER_REQUEST: Final = 10
_HANDWRITTEN_LACK: Final = {
    "naive": "correct counts after a crash, history, completion event",
    "safe": "history, completion event; one counter row is the bottleneck",
    "batched": "claims, attempts, failures, history, completion event; one counter row",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    name: str
    usage: Usage
    lacks: str = ""


def delivery(items: int) -> Usage:
    """A standard queue in front of the workers: send, receive and delete ten messages at a time."""
    batches = items / _MESSAGES_PER_REQUEST
    return Usage(sqs_standard_requests=3 * batches, lambda_requests=batches)


def measured_job(items: int, results: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The job of that size, or else the largest smaller one."""
    jobs = [job for name, job in results.items() if name == f"job of {job['items']}"]
    return max((job for job in jobs if job["items"] <= items), key=lambda job: int(job["items"]))


def forgeledger(items: int, results: Mapping[str, Mapping[str, Any]]) -> Design:
    job = measured_job(items, results)
    usage = Usage.of(job["usage"]).times(items / job["items"])
    return Design(name="ForgeLedger", usage=usage + delivery(items))


def handwritten(items: int, measured: Mapping[str, Mapping[str, Any]]) -> list[Design]:
    """Measured on fewer items: each item makes the same calls, whatever their number."""
    designs = []
    for design, missing in _HANDWRITTEN_LACK.items():
        for path, suffix in {"queue": "", "direct": ", direct"}.items():
            figures = measured.get(f"{design}, {path}")
            if figures is not None:
                usage = Usage.of(figures["usage"]).times(items / figures["items"]) + delivery(items)
                designs.append(Design(name=f"{design}{suffix}", usage=usage, lacks=missing))
    return designs


def distributed_map(items: int) -> list[Design]:
    return [
        Design(
            name="Distributed Map, standard",
            usage=_standard(items, 1),
            lacks="new items while it runs",
        ),
        Design(
            name="Distributed Map, express",
            usage=_express(items, 1),
            lacks="new items while it runs, step history, over 5 minutes, exactly-once execution",
        ),
        Design(
            name=f"Distributed Map, standard, {ITEMS_PER_CHILD} items per child",
            usage=_standard(items, ITEMS_PER_CHILD),
            lacks="new items while it runs; state, retry and audit per item",
        ),
        Design(
            name=f"Distributed Map, express, {ITEMS_PER_CHILD} items per child",
            usage=_express(items, ITEMS_PER_CHILD),
            lacks="the same, and step history, over 5 minutes, exactly-once execution",
        ),
    ]


def _standard(items: int, items_per_child: int) -> Usage:
    children = -(-items // items_per_child)
    transitions = children * _STANDARD_TRANSITIONS + _PARENT_TRANSITIONS
    return Usage(transitions=transitions, lambda_requests=children)


def _express(items: int, items_per_child: int) -> Usage:
    children = -(-items // items_per_child)
    seconds = items_per_child * ITEM_SECONDS
    billed = -(-seconds // _EXPRESS_ROUNDED_SECONDS) * _EXPRESS_ROUNDED_SECONDS
    return Usage(
        transitions=children * _EXPRESS_TRANSITIONS + _PARENT_TRANSITIONS,
        lambda_requests=children,
        express_requests=children,
        express_gb_seconds=children * billed * _EXPRESS_GB,
    )


def all_designs(items: int, results: Mapping[str, Mapping[str, Any]]) -> list[Design]:
    return [forgeledger(items, results), *handwritten(items, results), *distributed_map(items)]
