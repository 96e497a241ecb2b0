"""What became of reported commands: accepted by SQS, still in the buffer, or refused."""

from dataclasses import dataclass

from forgeledger.sdk.command import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCommand:
    """A command that SQS will never accept, and the reason it gave."""

    command: Command
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How many of this process's commands have reached SQS.

    `delivered` counts what SQS has accepted since the reporter was made. `pending` counts what is
    in the buffer and will be retried. `failed` lists what SQS has refused for good since the last
    Delivery: each refused command is returned once.
    """

    delivered: int
    pending: int
    failed: tuple[RefusedCommand, ...] = ()
    last_refusal: str | None = None

    @property
    def is_complete(self) -> bool:
        return self.pending == 0 and not self.failed
