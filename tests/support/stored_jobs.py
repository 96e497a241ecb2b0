"""Stored jobs at stages of their life cycle."""

from forgeledger.jobs.model.job_lifecycle import next_step, reopen, seal
from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.ports import JobChange, JobView, LedgerStore
from tests.support.builders import NOW, make_command
from tests.support.lane_steps import apply, create_job, follow, loaded, register


def sealed_job(store: LedgerStore, job_id: str) -> JobView:
    """A sealed job with one completed item and its lane sealed, ready for the verdict."""
    view = create_job(store, job_id)
    register(store, job_id, ["a"])
    apply(store, job_id, make_command("complete", item_id="a"))
    step = seal(view.job, Counts(completed=1), NOW)
    assert store.commit_job(JobChange(before=view.job, job=step.job, facts=step.facts))
    follow(store, step.job)
    return loaded(store, job_id)


def verdict_of(view: JobView) -> JobChange:
    step = next_step(view.job, view.heads, NOW + 5_000)
    assert step.checks_counts
    return JobChange(before=view.job, job=step.job, facts=step.facts, heads=view.heads)


def reopened_job(store: LedgerStore, view: JobView) -> JobView:
    step = reopen(view.job, NOW + 9_000)
    assert store.commit_job(JobChange(before=view.job, job=step.job, facts=step.facts))
    return loaded(store, view.job.job_id)
