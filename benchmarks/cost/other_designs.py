"""The same job by other means: two designs written by hand, measured, and Step Functions, counted.

What the items' own work costs is left out everywhere: it is the same. How an item gets to its
worker is counted everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.cost.usage import Usage

# Assumed: how long a short item takes its worker.
ITEM_SECONDS: Final = 0.05
ITEMS_A_CHILD: Final = 100
# Each child is one workflow with one Task state. The map's start of a child is a transition, of
# whichever type the child is; of a standard child its state is another one.
_STANDARD_TRANSITIONS: Final = 2
_EXPRESS_TRANSITIONS: Final = 1
_PARENT_TRANSITIONS: Final = 3
_EXPRESS_ROUNDED_SECONDS: Final = 0.1
_EXPRESS_GB: Final = 64 / 1_024
_MESSAGES_A_REQUEST: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    name: str
    usage: Usage
    lacks: str = ""


def delivery(items: int) -> Usage:
    """A standard queue in front of the workers: sent, received and deleted by tens."""
    batches = items / _MESSAGES_A_REQUEST
    return Usage(sqs_standard_requests=3 * batches, lambda_requests=batches)


def measured_job(items: int, results: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The job of that size, or the largest smaller one where it was not measured."""
    jobs = [told for name, told in results.items() if name == f"job of {told['items']}"]
    return max(
        (told for told in jobs if told["items"] <= items), key=lambda told: int(told["items"])
    )


def forgeledger(items: int, results: Mapping[str, Mapping[str, Any]]) -> Design:
    told = measured_job(items, results)
    usage = Usage.of(told["usage"]).times(items / told["items"])
    return Design(name="ForgeLedger", usage=usage + delivery(items))


def by_hand(items: int, measured: Mapping[str, Mapping[str, Any]]) -> list[Design]:
    """Measured on fewer items; each item makes the same calls, whatever their number."""
    lacks = {
        "naive": "right counts after a crash, history, an event",
        "safe": "history, an event; one counter row for the whole job",
    }
    ways = {"queue": "by a queue", "direct": "from the worker"}
    designs = []
    for design, missing in lacks.items():
        for how, words in ways.items():
            told = measured[f"{design}, {how}"]
            usage = Usage.of(told["usage"]).times(items / told["items"]) + delivery(items)
            name = "two rows in a transaction" if design == "safe" else "naive"
            designs.append(Design(name=f"{name}, {words}", usage=usage, lacks=missing))
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
            lacks="new items while it runs, history of steps, more than 5 minutes, exactly once",
        ),
        Design(
            name=f"Distributed Map, standard, {ITEMS_A_CHILD} items a child",
            usage=_standard(items, ITEMS_A_CHILD),
            lacks="new items while it runs; state, retry and audit of an item",
        ),
        Design(
            name=f"Distributed Map, express, {ITEMS_A_CHILD} items a child",
            usage=_express(items, ITEMS_A_CHILD),
            lacks="the same, and history of the child's steps, more than 5 minutes, exactly once",
        ),
    ]


def _standard(items: int, items_a_child: int) -> Usage:
    children = -(-items // items_a_child)
    transitions = children * _STANDARD_TRANSITIONS + _PARENT_TRANSITIONS
    return Usage(transitions=transitions, lambda_requests=children)


def _express(items: int, items_a_child: int) -> Usage:
    children = -(-items // items_a_child)
    lasting = items_a_child * ITEM_SECONDS
    billed = -(-lasting // _EXPRESS_ROUNDED_SECONDS) * _EXPRESS_ROUNDED_SECONDS
    return Usage(
        transitions=children * _EXPRESS_TRANSITIONS + _PARENT_TRANSITIONS,
        lambda_requests=children,
        express_requests=children,
        express_gb_seconds=children * billed * _EXPRESS_GB,
    )


def all_designs(items: int, results: Mapping[str, Mapping[str, Any]]) -> list[Design]:
    return [forgeledger(items, results), *by_hand(items, results), *distributed_map(items)]
