"""The Query that reads a lane for items that keep its job from being done."""

from typing import Any, Final

from forgeledger.aws.dynamodb.attributes import (
    Members,
    Row,
    decoder,
    number,
    optional_number,
    optional_text,
    text,
)
from forgeledger.aws.dynamodb.key_ranges import between, prefix_end
from forgeledger.jobs.model.items import ItemState, UnfinishedItem
from forgeledger.jobs.storage.keys import ITEM_PREFIX, item_id_of

_STATES: Final = Members(ItemState)
# Finished items are left out, those that the lane's closing canceled, and those that just wait for
# a worker: the head counts them.
_HOLDS_UP: Final = (
    "#event >= :below AND (#state = :inProgress"
    " OR #state = :pending AND (dueAt > :now OR attribute_exists(errorType)))"
)
_SHOWN: Final = "SK, #state, attempt, claimedAt, leaseUntil, dueAt, errorType"


def unfinished_items(pk: str, canceled_below: int, now: int) -> dict[str, Any]:
    """Parameters of the Query; the caller decides whether it is consistent."""
    items = between(pk, ITEM_PREFIX, prefix_end(ITEM_PREFIX))
    del items["ConsistentRead"]
    return items | {
        "FilterExpression": _HOLDS_UP,
        "ProjectionExpression": _SHOWN,
        "ExpressionAttributeNames": {"#event": "event", "#state": "state"},
        "ExpressionAttributeValues": {
            **items["ExpressionAttributeValues"],
            ":below": number(canceled_below),
            ":inProgress": text(ItemState.IN_PROGRESS),
            ":pending": text(ItemState.PENDING),
            ":now": number(now),
        },
    }


@decoder
def decode_unfinished(row: Row) -> UnfinishedItem:
    return UnfinishedItem(
        item_id=item_id_of(row),
        state=_STATES[row["state"]["S"]],
        attempt=optional_number(row, "attempt") or 0,
        claimed_at=optional_number(row, "claimedAt"),
        lease_until=optional_number(row, "leaseUntil"),
        due_at=optional_number(row, "dueAt"),
        error_type=optional_text(row, "errorType"),
    )
