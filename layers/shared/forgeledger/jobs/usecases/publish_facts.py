"""Publish a job's unpublished facts: in order, at least once, with stable event ids."""

from dataclasses import dataclass

from forgeledger.errors import StorageCorrupt
from forgeledger.jobs.ports import EventPublisher, FactStore, JobStore

_FACTS_A_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FactPublisher:
    jobs: JobStore
    facts: FactStore
    publisher: EventPublisher

    def publish(self, job_id: str) -> int:
        """The number of events published; the facts are read from the table."""
        view = self.jobs.load_job(job_id)
        if view is None:
            return 0
        count = 0
        published = view.published
        while published < view.job.facts:
            # Not beyond the facts that were loaded: only for those is it known whether the job is
            # done, and each later fact has a stream record of its own.
            limit = min(_FACTS_A_PAGE, view.job.facts - published)
            facts = self.facts.read_facts(job_id, published, limit)
            if not facts:
                raise StorageCorrupt(f"JOB#{job_id} FACT#{published}", "the fact is missing")
            events = [fact for fact in facts if fact.published]
            self.publisher.publish(view.job, events)
            published += len(facts)
            done = view.job.finished and published == view.job.facts
            self.facts.mark_published(job_id, published, done=done)
            count += len(events)
        return count
