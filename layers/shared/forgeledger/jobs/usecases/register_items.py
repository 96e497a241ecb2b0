"""Register many items: each lane takes its share, all lanes at once."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from forgeledger.errors import JobNotFound
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import lane_of, lanes_of
from forgeledger.jobs.model.outcomes import Outcome, OutcomeKind, Reason
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.jobs.usecases.change_job import JobLifecycle
from forgeledger.runtime import HasTime, Runtime, no_deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    item_id: str
    # JSON text.
    payload: str | None = None
    kind: str | None = None
    group: str | None = None
    # Milliseconds since 1970.
    not_before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    item_id: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    registered: int = 0
    already_existed: int = 0
    rejected: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemRegistrar:
    lane_writer: LaneWriter
    lifecycle: JobLifecycle
    runtime: Runtime

    def register(
        self,
        job_id: str,
        items: Sequence[NewItem],
        request_id: str,
        *,
        seal: bool = False,
        has_time: HasTime = no_deadline,
        client_id: str | None = None,
    ) -> Registered:
        """Register the items, then seal the job on request; safe to repeat."""
        lanes = lanes_of(job_id)
        if lanes is None:
            raise JobNotFound(job_id)
        shares = registrations(items, request_id, lanes)
        apply = partial(self.lane_writer.apply, job_id, has_time=has_time, client_id=client_id)
        applied = self.runtime.parallel(
            lambda lane: apply(lane, shares[lane]).outcomes, list(shares)
        )
        if seal:
            self.lifecycle.seal(job_id, has_time, client_id)
        return _summed_up(chain(*shares.values()), tuple(chain(*applied)))


def registrations(
    items: Iterable[NewItem], request_id: str, lanes: int
) -> dict[int, list[Command]]:
    """The commands that register these items, by lane; the same in each repetition."""
    shares: dict[int, list[Command]] = {}
    for index, item in enumerate(items):
        command = Command(
            kind=CommandKind.REGISTER,
            item_id=item.item_id,
            command_id=f"{request_id}:{index}",
            payload=item.payload,
            item_kind=item.kind,
            group=item.group,
            not_before=item.not_before,
        )
        shares.setdefault(lane_of(item.item_id, lanes), []).append(command)
    return shares


def _summed_up(commands: Iterable[Command], outcomes: Sequence[Outcome]) -> Registered:
    kinds = Counter(outcome.kind for outcome in outcomes)
    return Registered(
        registered=kinds[OutcomeKind.APPLIED],
        already_existed=kinds[OutcomeKind.DUPLICATE],
        rejected=tuple(
            Rejection(item_id=command.item_id, reason=outcome.reason)
            for command, outcome in zip(commands, outcomes, strict=True)
            if outcome.reason is not None
        ),
    )
