"""What wakes the relay, told apart by the event alone."""

import json
from typing import Any

import pytest

from forgeledger.jobs.messages.relay_events import RelayEvent, kind_of, read_messages
from forgeledger.jobs.model.wakes import WakeKind, wake_name
from forgeledger.jobs.storage.keys import job_pk
from tests.support.builders import JOB_ID

STREAM_RECORD = {"eventSource": "aws:dynamodb", "dynamodb": {}}


def message(message_id: str, body: str) -> dict[str, Any]:
    return {"messageId": message_id, "body": body, "eventSource": "aws:sqs"}


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"Records": [STREAM_RECORD]}, RelayEvent.STREAM),
        ({"Records": [{}]}, RelayEvent.STREAM),
        ({"Records": []}, RelayEvent.STREAM),
        ({"Records": [message("1", "{}")]}, RelayEvent.WAKES),
        ({"tick": True}, RelayEvent.TICK),
        ({"reconcile": {"scheduled": True}}, RelayEvent.MAINTENANCE),
        ({}, RelayEvent.MAINTENANCE),
    ],
)
def test_an_event_has_one_kind(event: dict[str, Any], kind: RelayEvent) -> None:
    assert kind_of(event) is kind


def test_a_wake_names_its_job_and_any_other_message_is_reported() -> None:
    bodies = [
        json.dumps({"wake": wake_name(JOB_ID)}),
        json.dumps({"wake": "HOOK#1"}),
        json.dumps({"wake": "JOB#no-job"}),
        "not JSON",
    ]

    wakes, unreadable = read_messages(
        [message(str(number), body) for number, body in enumerate(bodies)]
    )

    assert [(wake.sequence_number, wake.job_id, wake.kind) for wake in wakes] == [
        ("0", JOB_ID, WakeKind.TIME)
    ]
    assert set(unreadable) == {"1", "2", "3"}


def test_a_wake_calls_a_job_by_the_key_of_its_rows() -> None:
    assert wake_name(JOB_ID) == job_pk(JOB_ID)
