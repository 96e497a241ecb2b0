"""Read the report of a job: at any time, final once the job is finished."""

from dataclasses import dataclass
from typing import Final

from forgeledger.execution.model.forgerun_report import ForgeRunReport, forgerun_report
from forgeledger.execution.model.report import JobReport, report_of
from forgeledger.execution.usecases.single_item import single_item
from forgeledger.jobs.model.events import Event
from forgeledger.jobs.ports import FactStore, JobStore, LaneStore
from forgeledger.jobs.usecases.load_job import require_job
from forgeledger.jobs.usecases.read_items import ItemReader
from forgeledger.runtime import HasTime, no_deadline

# The latest of a job that was reopened hundreds of times.
MOST_FACTS: Final = 1_000
# Of the history of an item: as many pages as a request has time for.
_HISTORY_PAGES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReader:
    jobs: JobStore
    facts: FactStore
    lanes: LaneStore
    items: ItemReader

    def report(self, job_id: str) -> JobReport:
        view = require_job(self.jobs, job_id)
        known = view.job.facts
        facts = self.facts.read_facts(job_id, max(0, known - MOST_FACTS), MOST_FACTS)
        # Others may have come since the header was read.
        facts = tuple(fact for fact in facts if fact.number < known)
        return report_of(view.job, view.heads, facts)

    def forgerun(self, job_id: str, has_time: HasTime = no_deadline) -> ForgeRunReport:
        """In ForgeRun's shape; raises NotOneItem for a job that does not have one item."""
        view = require_job(self.jobs, job_id)
        item_id = single_item(self.lanes, view).item_id
        pages: list[list[Event]] = []
        before: int | None = None
        for _ in range(_HISTORY_PAGES):
            history = self.items.history(job_id, item_id, before)
            if history is None:
                break
            pages.append([past.event for past in history.events])
            before = history.earlier
            if before is None or not has_time():
                break
        events = [event for page in reversed(pages) for event in page]
        return forgerun_report(view.job, events)
