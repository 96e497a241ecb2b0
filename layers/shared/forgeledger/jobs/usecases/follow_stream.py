"""What the stream wakes us for: heads that moved, and facts to be told."""

from collections.abc import Sequence
from dataclasses import dataclass

from forgeledger.errors import OutOfTime
from forgeledger.jobs.model.wakes import Wake, WakeKind
from forgeledger.jobs.usecases.advance_job import Advancer
from forgeledger.jobs.usecases.publish_facts import Teller
from forgeledger.runtime import HasTime


@dataclass(frozen=True, slots=True)
class Relayed:
    """Sequence numbers of the records that have to come again, with the reason."""

    failed: tuple[tuple[Wake, Exception], ...]
    told: int


@dataclass(frozen=True, slots=True)
class Relay:
    advancer: Advancer
    teller: Teller

    def relay(self, wakes: Sequence[Wake], has_time: HasTime) -> Relayed:
        """Look at each job once, however many of its records came; one job's trouble is its own."""
        first: dict[str, Wake] = {}
        for wake in wakes:
            first.setdefault(wake.job_id, wake)
        to_tell = {wake.job_id for wake in wakes if wake.kind is WakeKind.FACT}
        failed: list[tuple[Wake, Exception]] = []
        told = 0
        for wake in first.values():
            if not has_time():
                failed.append((wake, OutOfTime(f"job {wake.job_id}")))
                continue
            try:
                if wake.job_id in to_tell:
                    told += self.teller.tell(wake.job_id)
                # For a fact as well: whoever took that step may have died before it led the
                # lanes, and then no head has moved that could wake us.
                self.advancer.advance(wake.job_id, has_time)
            except Exception as error:  # noqa: BLE001 - whatever it is, the record has to come again.
                failed.append((wake, error))
        return Relayed(tuple(failed), told)
