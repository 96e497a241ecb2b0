"""Registering many items in one go: each lane takes its share, all lanes at once."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from forgeledger.errors import JobNotFound
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import lane_of, lanes_of
from forgeledger.jobs.model.outcomes import Outcome, Reason, Verdict
from forgeledger.jobs.usecases.apply_commands import Applier
from forgeledger.jobs.usecases.change_job import LifeCycle
from forgeledger.runtime import HasTime, Surroundings, unhurried


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    item_id: str
    # JSON text.
    payload: str | None = None


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
class Registrar:
    applier: Applier
    life: LifeCycle
    around: Surroundings

    def register(
        self,
        job_id: str,
        items: Sequence[NewItem],
        request_id: str,
        *,
        seal: bool = False,
        has_time: HasTime = unhurried,
    ) -> Registered:
        """Register the items, then seal the job if that is asked; safe to repeat."""
        lanes = lanes_of(job_id)
        if lanes is None:
            raise JobNotFound(job_id)
        shares: dict[int, list[Command]] = {}
        for index, item in enumerate(items):
            command = Command(
                kind=CommandKind.REGISTER,
                item_id=item.item_id,
                command_id=f"{request_id}:{index}",
                payload=item.payload,
            )
            shares.setdefault(lane_of(item.item_id, lanes), []).append(command)
        applied = self.around.parallel(
            lambda lane: self.applier.apply(job_id, lane, shares[lane], has_time).outcomes,
            list(shares),
        )
        if seal:
            self.life.seal(job_id, has_time)
        return _summed_up(shares.values(), applied)


def _summed_up(
    shares: Iterable[Sequence[Command]], applied: Iterable[Sequence[Outcome]]
) -> Registered:
    verdicts: Counter[Verdict] = Counter()
    rejected: list[Rejection] = []
    for commands, outcomes in zip(shares, applied, strict=True):
        for command, outcome in zip(commands, outcomes, strict=True):
            verdicts[outcome.verdict] += 1
            if outcome.reason is not None:
                rejected.append(Rejection(item_id=command.item_id, reason=outcome.reason))
    return Registered(
        registered=verdicts[Verdict.APPLIED],
        already_existed=verdicts[Verdict.DUPLICATE],
        rejected=tuple(rejected),
    )
