"""Telling the world what happened to a job: in order, at least once, with the same ids."""

from dataclasses import dataclass

from forgeledger.errors import StorageCorrupt
from forgeledger.jobs.ports import EventPublisher, LedgerStore

_FACTS_A_PAGE = 100


@dataclass(frozen=True, slots=True)
class Teller:
    store: LedgerStore
    publisher: EventPublisher

    def tell(self, job_id: str) -> int:
        """Publish the facts that were not yet told, from the table; how many events that gave."""
        view = self.store.load_job(job_id)
        if view is None:
            return 0
        told = 0
        published = view.published
        while published < view.job.facts:
            # Not beyond what was loaded: whether the job is done is known only for that, and a
            # later fact wakes somebody of its own.
            limit = min(_FACTS_A_PAGE, view.job.facts - published)
            facts = self.store.read_facts(job_id, published, limit)
            if not facts:
                raise StorageCorrupt(f"JOB#{job_id} FACT#{published}", "the fact is missing")
            events = [fact for fact in facts if fact.told]
            self.publisher.publish(view.job, events)
            published += len(facts)
            done = view.job.finished and published == view.job.facts
            self.store.mark_published(job_id, published, done=done)
            told += len(events)
        return told
