"""How long messages have been failing, by when SQS delivered them first."""

from typing import Any

import pytest

from forgeledger.jobs.messages.sqs_records import failing_seconds
from tests.support.builders import NOW


def record(message_id: str, first_received: int | None) -> dict[str, Any]:
    attributes = {"SentTimestamp": str(NOW - 3_600_000)}
    if first_received is not None:
        attributes["ApproximateFirstReceiveTimestamp"] = str(first_received)
    return {"messageId": message_id, "attributes": attributes}


EVENT = {
    "Records": [
        record("old", NOW - 610_000),
        record("young", NOW - 2_000),
        record("ahead", NOW + 5_000),
        record("bare", None),
    ]
}


@pytest.mark.parametrize(
    ("failed", "seconds"),
    [
        (("young", "old"), 610.0),
        (("young",), 2.0),
        (("ahead",), 0.0),
        (("bare",), 0.0),
        ((), None),
    ],
)
def test_messages_have_been_failing_since_the_first_of_them_was_delivered(
    failed: tuple[str, ...], seconds: float | None
) -> None:
    assert failing_seconds(EVENT, failed, NOW) == seconds
