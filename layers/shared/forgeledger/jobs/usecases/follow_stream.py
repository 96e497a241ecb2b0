"""Advance the jobs that the stream and the clock report, and publish their facts."""

from collections.abc import Sequence
from dataclasses import dataclass

from forgeledger.errors import OutOfTime
from forgeledger.jobs.model.wakes import Wake
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.runtime import HasTime


@dataclass(frozen=True, slots=True)
class Relayed:
    """The records to redeliver, each with its error."""

    failed: tuple[tuple[Wake, Exception], ...]
    events_published: int
    # Of each job that was looked at when it was due: how late.
    late_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Relay:
    advancer: JobAdvancer

    def relay(self, wakes: Sequence[Wake], has_time: HasTime) -> Relayed:
        """Handle each job once, however many records it has; its failure must not stop others."""
        first: dict[str, Wake] = {}
        for wake in wakes:
            first.setdefault(wake.job_id, wake)
        failed: list[tuple[Wake, Exception]] = []
        events_published = 0
        late_ms: list[int] = []
        for wake in first.values():
            if not has_time():
                failed.append((wake, OutOfTime(f"job {wake.job_id}")))
                continue
            try:
                # For a fact as well: its writer may have died before it published it, or before
                # the lanes followed the step, and then no change of a head wakes the relay.
                advanced = self.advancer.advance(wake.job_id, has_time)
            except Exception as error:  # noqa: BLE001 - the record must be redelivered.
                failed.append((wake, error))
            else:
                if advanced is not None:
                    events_published += advanced.events_published
                    late_ms += [] if advanced.late_ms is None else [advanced.late_ms]
        return Relayed(tuple(failed), events_published, tuple(late_ms))
