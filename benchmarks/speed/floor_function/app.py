"""The least that a function between a queue and a bus can do: publish each message as an event."""

import os
from typing import Any

from botocore.session import get_session

events = get_session().create_client("events")


def handler(event: dict[str, Any], _: Any) -> dict[str, Any]:
    entries = [
        {
            "Source": "forgeledger",
            "DetailType": "job.completed",
            "Detail": record["body"],
            "EventBusName": os.environ["FLOOR_EVENT_BUS"],
        }
        for record in event["Records"]
    ]
    assert not events.put_events(Entries=entries)["FailedEntryCount"]
    return {"batchItemFailures": []}
