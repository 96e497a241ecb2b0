"""Settle the messages of a delivery: reject what can never be applied, redeliver what may be."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from forgeledger.jobs.model.delivery import delays
from forgeledger.jobs.model.intake_result import IntakeResult, RejectedMessage
from forgeledger.jobs.model.message import CommandProblem, Message
from forgeledger.jobs.ports import CommandQueue, RejectQueue
from forgeledger.runtime import HasTime


@dataclass(frozen=True, slots=True)
class MessageSettler:
    commands: CommandQueue
    rejects: RejectQueue

    def settle(
        self,
        messages: Sequence[Message],
        problems: Mapping[str, Sequence[CommandProblem]],
        unapplied: Collection[str],
        held_back: Sequence[Message],
        may_send: HasTime,
    ) -> IntakeResult:
        """Reject the invalid commands; redeliver each group from its first failure on, soon.

        `problems` are by the id of the message; `unapplied` has the ids of the messages with a lane
        that failed; `held_back` were not tried.
        """
        failed: list[Message] = []
        stopped_groups: set[str] = set()
        errors: list[Exception] = []
        rejections: list[RejectedMessage] = []
        for message in messages:
            invalid = problems[message.message_id]
            succeeded = not (message.message_id in unapplied or message.group_id in stopped_groups)
            if succeeded and invalid:
                try:
                    rejections.append(self._reject(message, invalid, may_send))
                except Exception as error:  # noqa: BLE001 - the queue still holds the message.
                    errors.append(error)
                    succeeded = False
            if not succeeded:
                stopped_groups.add(message.group_id)
                failed.append(message)
        return IntakeResult(
            failed=tuple(message.message_id for message in failed),
            held_back=tuple(message.message_id for message in held_back),
            rejections=tuple(rejections),
            errors=tuple(errors),
            delay_error=self._delay(failed, held_back, may_send),
        )

    def _reject(
        self, message: Message, problems: Sequence[CommandProblem], may_send: HasTime
    ) -> RejectedMessage:
        with_paths = message.body.with_paths(problems)
        is_whole = self.rejects.put(message, with_paths, may_send)
        return RejectedMessage(
            message_id=message.message_id, problems=with_paths, is_whole=is_whole
        )

    def _delay(
        self, failed: Sequence[Message], held_back: Sequence[Message], may_send: HasTime
    ) -> Exception | None:
        """Redeliver them soon, and later with each receive; the error if the queue refuses it."""
        try:
            if (failed or held_back) and may_send():
                self.commands.delay(delays(failed, held_back))
        except Exception as error:  # noqa: BLE001 - then the queue's own timeout holds.
            return error
        return None
