"""Mutants of redriving messages."""

from collections.abc import Iterator, Mapping
from typing import Any
from unittest.mock import patch

from forgeledger.cli import redrive
from forgeledger.cli.queue_peek import ReceivedMessage
from forgeledger.jobs.messages import sqs_records
from forgeledger.jobs.model.message import Message
from tests.simulation.mutant import Mutants

REDRIVE = Mutants()


@REDRIVE.named("a redriven message gives its commands new ids, as SQS's own redrive does")
def moved_as_it_is() -> Iterator[None]:
    def content(message: ReceivedMessage, *_: Any) -> tuple[str, dict[str, str]]:
        return message.body, {}

    with patch.object(redrive, "_content", content):
        yield


@REDRIVE.named("the intake knows a redriven message by its new id")
def source_ignored() -> Iterator[None]:
    original = sqs_records._message

    def message(record: Mapping[str, Any]) -> Message:
        return original({**record, "messageAttributes": {}})

    with patch.object(sqs_records, "_message", message):
        yield
