"""A Lambda function with an SQS trigger: records are items, and failures are partial."""

import asyncio
import contextlib
import logging
import math
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from weakref import WeakKeyDictionary

from forgeledger.sdk.errors import InvalidSettingError, InvalidWorkError
from forgeledger.sdk.report.reporter import Reporter
from forgeledger.sdk.work.handler_calls import Handler, HandlerCaller
from forgeledger.sdk.work.ledger_link import LedgerLink
from forgeledger.sdk.work.work_log import log_end_by, log_no_handler, log_wrong_message
from forgeledger.sdk.work.work_message import WorkMessage, read_work
from forgeledger.sdk.work.work_queue import sent_at_of
from forgeledger.sdk.work.worker_options import ClaimMode, check_claim, check_handlers

_log = logging.getLogger("forgeledger.sdk")

# The end of the function's time is for reporting: no record is begun in it.
_RESERVE_MS: Final = 3_000
# The end of that is for the response; without one every record is redelivered.
_RESPONSE_SECONDS: Final = 0.5

Record = Mapping[str, Any]

_LINKS: Final[MutableMapping[Reporter, dict[ClaimMode, LedgerLink]]] = WeakKeyDictionary()


def handle_sqs_batch(
    reporter: Reporter,
    event: Mapping[str, Any],
    handler: Handler | Mapping[str, Handler],
    *,
    context: Any = None,
    fenced: bool = False,
    lease_seconds: int | None = None,
    claim: ClaimMode = "report",
) -> dict[str, Any]:
    """The function's response; it names the records to redeliver.

    These are retryable failures, unless the ledger dispatches the item again, records whose body
    names no item, those whose end SQS did not accept, those for which the time was too short or
    whose kind has no handler, and with claim="ask" those of items that another worker holds, or
    about which the ledger could not be asked.

    handler: a function for every kind, or a mapping of kinds to functions.
    """
    check_claim(claim, fenced=fenced)
    records = _records_of(event)
    if isinstance(handler, Mapping):
        check_handlers(handler)
    elif not callable(handler):
        raise InvalidSettingError("handler", f"must be a function, not {handler!r}")
    link = _link_of(reporter, claim)
    link.seconds_left = lambda: _seconds_left(context)
    batch = _Batch(
        reporter=reporter,
        link=link,
        handler=handler,
        context=context,
        fenced=fenced,
        lease_seconds=lease_seconds,
    )
    failed: set[str] = set()
    stopped_groups: set[str] = set()
    listening = contextlib.ExitStack()
    try:
        listening.enter_context(link.listening())
        for record in records:
            group = _fifo_group(record)
            if group in stopped_groups:
                failed.add(record["messageId"])
            elif batch.needs_again(record):
                failed.add(record["messageId"])
                if group is not None:
                    stopped_groups.add(group)
    finally:
        listening.close()
        batch.loop.close()
        failed |= _undelivered(reporter, batch.begun, context)
    return {"batchItemFailures": [{"itemIdentifier": key} for key in _in_order(records, failed)]}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """What the records of one event have in common."""

    reporter: Reporter
    link: LedgerLink
    handler: Handler | Mapping[str, Handler]
    context: Any
    fenced: bool
    lease_seconds: int | None
    loop: HandlerCaller = field(default_factory=HandlerCaller)
    # Job, item and message of each item that was begun.
    begun: list[tuple[str, str, str]] = field(default_factory=list)

    def needs_again(self, record: Record) -> bool:
        """Works on the record's items; whether one of them needs the record again."""
        body, unknown = record["body"], self.reporter.unknown_fields
        try:
            works = read_work(body, _receive_count(record), unknown)
        except InvalidWorkError as error:
            log_wrong_message(record["messageId"], error)
            return True
        again = False
        for work in works:
            again |= not _has_time(self.context) or self._is_left(work, record)
        return again

    def _is_left(self, work: WorkMessage, record: Record) -> bool:
        """Whether the item, which is worked on if it may be, needs the record again."""
        handler = self.handler
        if isinstance(handler, Mapping):
            if work.kind not in handler:
                log_no_handler(work)
                return True
            handler = handler[work.kind]
        sent_at = sent_at_of(record["attributes"])
        admission = self.link.admit(work, sent_at, self.reporter.worker_id, self.lease_seconds)
        if admission.action != "run":
            return admission.action == "hand_back"
        self.begun.append((work.job_id, work.item_id, record["messageId"]))
        item = self.link.item(
            self.reporter, work, admission, fenced=self.fenced, lease_seconds=self.lease_seconds
        )
        try:
            with item:
                self.loop.call(handler, item)
        # A handler may raise anything.
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the item has it.
            log_end_by(error, item)
        return item.ending is None or (work.dispatch is None and item.comes_again)


def _link_of(reporter: Reporter, claim: ClaimMode) -> LedgerLink:
    """One a reporter, so that what was looked up is known to the next batch."""
    links = _LINKS.setdefault(reporter, {})
    if claim not in links:
        # Users see no seams, so they are private.
        links[claim] = LedgerLink(reporter.endpoints, claim, reporter._seams)  # noqa: SLF001
    return links[claim]


def _records_of(event: Any) -> Sequence[Record]:
    """Refuses the event of another trigger: that is a mistake in the template, not in a message."""
    try:
        records: Sequence[Record] = event["Records"]
        for record in records:
            _ = (record["messageId"], record["body"], _receive_count(record), _fifo_group(record))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidSettingError("event", f"is not from an SQS trigger: {error!r}") from error
    return records


def _undelivered(
    reporter: Reporter, begun: Sequence[tuple[str, str, str]], context: Any
) -> set[str]:
    """The messages of items whose commands SQS has not accepted."""
    timeout_seconds = reporter.flush_seconds
    if context is not None:
        left_seconds = int(context.get_remaining_time_in_millis()) / 1_000 - _RESPONSE_SECONDS
        timeout_seconds = min(timeout_seconds, max(left_seconds, 0.0))
    delivery = reporter.flush(timeout_seconds)
    if delivery.is_complete:
        return set()
    commands = [refused.command for refused in delivery.failed] + reporter.undelivered()
    touched = {(command.job_id, command.item_id) for command in commands}
    _log.error("%s commands are not delivered: %s", len(commands), delivery.last_refusal)
    return {message for job_id, item_id, message in begun if (job_id, item_id) in touched}


def _in_order(records: Sequence[Record], failed: set[str]) -> list[str]:
    """In a FIFO group everything after the first failure is redelivered as well."""
    redelivered: list[str] = []
    stopped: set[str] = set()
    for record in records:
        group = _fifo_group(record)
        if record["messageId"] in failed or (group is not None and group in stopped):
            redelivered.append(record["messageId"])
            if group is not None:
                stopped.add(group)
    return redelivered


def _fifo_group(record: Record) -> str | None:
    # Messages of a standard queue may have groups as well, for fairness; these keep no order.
    if not str(record.get("eventSourceARN", "")).endswith(".fifo"):
        return None
    group: str | None = record["attributes"].get("MessageGroupId")
    return group


def _receive_count(record: Record) -> int:
    return int(record["attributes"]["ApproximateReceiveCount"])


def _has_time(context: Any) -> bool:
    return _seconds_left(context) > 0


def _seconds_left(context: Any) -> float:
    """Until the end of the function's time that is for reporting."""
    if context is None:
        return math.inf
    return (int(context.get_remaining_time_in_millis()) - _RESERVE_MS) / 1_000
