"""Publish a job's unpublished facts: in order, at least once, with stable event ids."""

from collections.abc import Sequence

from forgeledger.errors import OutOfTime, StorageCorrupt
from forgeledger.fast_dataclass import fast_frozen
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.ports import EventPublisher, FactStore, JobView
from forgeledger.runtime import HasTime, no_deadline

_FACTS_A_PAGE = 100


@fast_frozen
class FactPublisher:
    facts: FactStore
    publisher: EventPublisher

    def read(self, job: Job, published: int) -> Sequence[Fact]:
        """The next facts that are unpublished; none that came after the job was loaded."""
        limit = min(_FACTS_A_PAGE, job.facts - published)
        return self.facts.read_facts(job.job_id, published, limit)

    def publish(
        self, view: JobView, known: Sequence[Fact] = (), has_time: HasTime = no_deadline
    ) -> int:
        """Publish from the marker on, then move it; returns the number of events.

        The facts that the caller knows are not read again. Earlier ones are needed, too, since
        their writer may have died before it published them.
        """
        job, published, count = view.job, view.published, 0
        at_hand = {fact.number: fact for fact in known}
        while published < job.facts:
            if not has_time():
                raise OutOfTime(f"job {job.job_id}")
            # Not beyond the facts that were loaded: only for those is it known whether the job is
            # done, and each later fact has a stream record of its own.
            numbers = range(published, min(published + _FACTS_A_PAGE, job.facts))
            facts: Sequence[Fact] = [at_hand[number] for number in numbers if number in at_hand]
            if len(facts) < len(numbers):
                facts = self.read(job, published)
            if not facts:
                raise StorageCorrupt(f"JOB#{job.job_id} FACT#{published}", "the fact is missing")
            events = [fact for fact in facts if fact.published]
            self.publisher.publish(job, events, has_time)
            published += len(facts)
            done = job.finished and published == job.facts
            self.facts.mark_published(job.job_id, published, done=done)
            count += len(events)
        return count
