"""What the stream wakes us for: heads that moved, and facts to be told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from forgeledger.usecases.advancing_jobs import Advancer
from forgeledger.usecases.telling import Teller


class WakeKind(StrEnum):
    HEAD = "head"
    FACT = "fact"


@dataclass(frozen=True, slots=True)
class Wake:
    """One stream record, reduced to what it means. It says where to look, never what is there."""

    sequence_number: str
    kind: WakeKind
    job_id: str


@dataclass(frozen=True, slots=True)
class Relayed:
    """Sequence numbers of the records that have to come again, with the reason."""

    failed: tuple[tuple[Wake, Exception], ...]
    told: int


@dataclass(frozen=True, slots=True)
class Relay:
    advancer: Advancer
    teller: Teller

    def relay(self, wakes: Sequence[Wake], has_time: Callable[[], bool]) -> Relayed:
        """Look at each job once, however many of its records came; one job's trouble is its own."""
        first: dict[tuple[WakeKind, str], Wake] = {}
        for wake in wakes:
            first.setdefault((wake.kind, wake.job_id), wake)
        failed: list[tuple[Wake, Exception]] = []
        told = 0
        for wake in first.values():
            if not has_time():
                failed.append((wake, TimeoutError("no time left in this invocation")))
                continue
            try:
                told += self._look(wake)
            except Exception as error:  # noqa: BLE001 - whatever it is, the record has to come again.
                failed.append((wake, error))
        return Relayed(tuple(failed), told)

    def _look(self, wake: Wake) -> int:
        if wake.kind is WakeKind.FACT:
            return self.teller.tell(wake.job_id)
        self.advancer.advance(wake.job_id)
        return 0
