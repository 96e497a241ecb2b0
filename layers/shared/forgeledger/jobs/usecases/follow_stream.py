"""What the stream wakes us for: heads that moved, and facts to be events_published."""

from collections.abc import Sequence
from dataclasses import dataclass

from forgeledger.errors import OutOfTime
from forgeledger.jobs.model.wakes import Wake, WakeKind
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.publish_facts import FactPublisher
from forgeledger.runtime import HasTime


@dataclass(frozen=True, slots=True)
class Relayed:
    """Sequence numbers of the records that have to come again, with the reason."""

    failed: tuple[tuple[Wake, Exception], ...]
    events_published: int


@dataclass(frozen=True, slots=True)
class Relay:
    advancer: JobAdvancer
    fact_publisher: FactPublisher

    def relay(self, wakes: Sequence[Wake], has_time: HasTime) -> Relayed:
        """Look at each job once, however many of its records came; one job's trouble is its own."""
        first: dict[str, Wake] = {}
        for wake in wakes:
            first.setdefault(wake.job_id, wake)
        to_tell = {wake.job_id for wake in wakes if wake.kind is WakeKind.FACT}
        failed: list[tuple[Wake, Exception]] = []
        events_published = 0
        for wake in first.values():
            if not has_time():
                failed.append((wake, OutOfTime(f"job {wake.job_id}")))
                continue
            try:
                if wake.job_id in to_tell:
                    events_published += self.fact_publisher.publish(wake.job_id)
                # For a fact as well: whoever took that step may have died before it led the
                # lanes, and then no head has moved that could wake us.
                self.advancer.advance(wake.job_id, has_time)
            except Exception as error:  # noqa: BLE001 - whatever it is, the record has to come again.
                failed.append((wake, error))
        return Relayed(tuple(failed), events_published)
