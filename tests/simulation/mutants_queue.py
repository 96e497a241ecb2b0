"""Mutants of decoding messages, and of rejecting them."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from typing import Any, Final
from unittest.mock import patch

from pydantic_core import ValidationError

from forgeledger.jobs.messages import command_message as messages
from forgeledger.jobs.messages import reject_queue
from forgeledger.jobs.messages.reject_queue import SqsRejectQueue
from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.model.intake_result import IntakeResult
from forgeledger.jobs.model.message import INVALID, CommandProblem, Message, RoutedCommand
from forgeledger.jobs.usecases import consume_messages
from forgeledger.jobs.usecases.settle_messages import MessageSettler
from forgeledger.runtime import no_deadline
from tests.simulation.mutant import Mutant, Mutants

QUEUE = Mutants()

# Fields of a command that a mutant drops.
_LOST: Final = ("attempt", "worker_id", "lease_seconds", "payload", "result", "failure", "ignored")


def _read_without(name: str) -> Callable[[], AbstractContextManager[None]]:
    @contextmanager
    def install() -> Iterator[None]:
        original = messages._command

        def command(raw: Any, index: int, *more: Any) -> RoutedCommand:
            read = original(raw, index, *more)
            return replace(read, command=replace(read.command, **{name: None}))

        with patch.object(messages, "_command", command):
            yield

    return install


QUEUE += [
    Mutant(f"{name} is lost on the way from the queue", _read_without(name)) for name in _LOST
]


def _reading(
    change: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> AbstractContextManager[Any]:
    """Change each command that is a JSON object before it is decoded."""
    original = messages._command

    def command(raw: Any, index: int, *more: Any) -> RoutedCommand:
        return original(change(raw) if isinstance(raw, dict) else raw, index, *more)

    return patch.object(messages, "_command", command)


def _failing_without(name: str) -> Callable[[], AbstractContextManager[None]]:
    def change(raw: Mapping[str, Any]) -> Mapping[str, Any]:
        error = raw.get("error")
        if not isinstance(error, dict):
            return raw
        return {**raw, "error": {field: value for field, value in error.items() if field != name}}

    return lambda: _reading(change)


QUEUE += [
    Mutant(f"of a failure that came by the queue {name} is lost", _failing_without(name))
    for name in ("message", "retryable")
]


@QUEUE.named("a near miss in an error is ignored")
def near_misses_ignored() -> Iterator[None]:
    with patch.object(messages, "_misspelt", lambda *_: ()):
        yield


@QUEUE.named("in messages worker_id and lease_seconds are not understood")
def one_spelling_only() -> Iterator[None]:
    snake = ("worker_id", "lease_seconds")

    def change(raw: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: value for name, value in raw.items() if name not in snake}

    with _reading(change):
        yield


@QUEUE.named("a command without an id is known by its message alone")
def default_ids_without_index() -> Iterator[None]:
    original = messages._command

    def command(raw: Any, index: int, *more: Any) -> RoutedCommand:
        return replace(original(raw, 0, *more), index=index)

    with patch.object(messages, "_command", command):
        yield


@QUEUE.named("an attempt that is no number counts as none")
def wrong_attempts_forgiven() -> Iterator[None]:
    original = messages._command

    def command(raw: Any, index: int, *more: Any) -> RoutedCommand:
        try:
            return original(raw, index, *more)
        except ValidationError:
            return original(
                {**raw, "attempt": None} if isinstance(raw, dict) else raw, index, *more
            )

    with patch.object(messages, "_command", command):
        yield


@QUEUE.named("a mark does not include the kind of its command")
def marks_without_kind() -> Iterator[None]:
    original = Command.mark.fget

    def mark(self: Command) -> str:
        return str(original(replace(self, kind=messages.CommandKind.CLAIM)))

    with patch.object(Command, "mark", property(mark)):
        yield


@QUEUE.named("of all invalid commands of a message only the first is rejected")
def first_bad_command_only() -> Iterator[None]:
    original = reject_queue._indexes

    def indexes(message: Message, problems: Sequence[CommandProblem]) -> str:
        first = min(
            (problem.index for problem in problems if problem.index is not None), default=None
        )
        return original(message, [problem for problem in problems if problem.index == first])

    with patch.object(reject_queue, "_indexes", indexes):
        yield


@QUEUE.named("the valid commands of a message are rejected with the invalid ones")
def good_commands_rejected() -> Iterator[None]:
    with patch.object(reject_queue, "_indexes", lambda *_: ""):
        yield


@QUEUE.named("a rejected message is decoded and encoded again")
def rejects_encoded_again() -> Iterator[None]:
    original = SqsRejectQueue._send

    def send(self: SqsRejectQueue, message: Message, body: str, *rest: Any) -> None:
        with suppress(ValueError):
            body = json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":"))
        original(self, message, body, *rest)

    with patch.object(SqsRejectQueue, "_send", send):
        yield


@QUEUE.named("a reject's attributes do not count towards its size")
def attributes_without_size() -> Iterator[None]:
    versions = reject_queue._versions

    def first_only(body: str, attributes: dict[str, str]) -> Iterator[Any]:
        with patch.object(reject_queue, "_size", lambda text, _: len(text.encode())):
            yield next(versions(body, attributes))

    with patch.object(reject_queue, "_versions", first_only):
        yield


@QUEUE.named("a message may have any number of commands of one item")
def no_limit_per_item() -> Iterator[None]:
    with patch.object(messages, "_limited", lambda commands: (commands, [])):
        yield


@QUEUE.named("a delivery may have more commands of one item than it remembers")
def deliveries_without_limit() -> Iterator[None]:
    with patch.object(consume_messages, "recognisable", lambda batch: (batch, ())):
        yield


@QUEUE.named("a delivery that is cut short lets later messages of a group overtake")
def held_back_overtaken() -> Iterator[None]:
    original = consume_messages.recognisable

    def recognisable(batch: Sequence[Message]) -> tuple[Sequence[Message], tuple[Message, ...]]:
        taken, held_back = original(batch)
        return [*taken, *batch[-1:]] if held_back else taken, held_back[:-1]

    with patch.object(consume_messages, "recognisable", recognisable):
        yield


@QUEUE.named("a rejected message does not say that its job is unknown")
def unknown_jobs_called_invalid() -> Iterator[None]:
    with patch.object(consume_messages, "UNKNOWN_JOB", INVALID):
        yield


@QUEUE.named("a rejected message says only what is wrong with its first command")
def first_problem_only() -> Iterator[None]:
    original = reject_queue._detail
    with patch.object(reject_queue, "_detail", lambda problems: original(problems[:1])):
        yield


@QUEUE.named("a message of which all was applied is rejected as well")
def good_messages_rejected() -> Iterator[None]:
    original = MessageSettler.settle

    def settle(self: MessageSettler, messages: Sequence[Message], *rest: Any) -> IntakeResult:
        for message in messages[:1]:
            if not message.body.problems:
                self.rejects.put(message, [CommandProblem("body", "no reason")], no_deadline)
        return original(self, messages, *rest)

    with patch.object(MessageSettler, "settle", settle):
        yield
