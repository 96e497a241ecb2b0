"""How far a job is and how fast: its counts as last rolled up, and what they say."""

from collections.abc import Sequence
from typing import Final

from forgeledger.fast_dataclass import fast_frozen, replace
from forgeledger.jobs.model.job_lifecycle import total, total_retrying
from forgeledger.jobs.model.jobs import Job, JobStatus
from forgeledger.jobs.model.lanes import Counts, Head

# A rate is measured over at least so long and so many items, if the epoch is old enough.
_SAMPLE_MS: Final = 30_000
_SAMPLE_ITEMS: Final = 10
# Nothing moves if no item was finished for so long, or for so many times the mean between two.
_STANDSTILL_MS: Final = 60_000
_STANDSTILL_GAPS: Final = 10
# The share done has six decimals.
_SHARE: Final = 1_000_000


@fast_frozen
class Sample:
    """How many items had been completed or had failed for good at a time."""

    at: int = 0
    worked: int = 0


@fast_frozen
class Progress:
    """The counts as last rolled up, and earlier samples to measure the rate."""

    counts: Counts = Counts()
    retrying: int = 0
    # Sum of the heads' offsets: it only grows, so a roll-up never goes backwards.
    offsets: int = 0
    at: int = 0
    # When a roll-up first saw as many worked items as there are now.
    moved_at: int = 0
    # The rate is measured since this one; the next one takes its place when it is old enough.
    sample: Sample = Sample()
    next_sample: Sample = Sample()
    # When the job is to be looked at next; None where nothing waits for a time.
    wake_at: int | None = None


@fast_frozen
class LookMove:
    """A change of the time at which a job is looked at next, decided on the one that was read."""

    before: int | None
    after: int | None
    # The row's counts are as stored.
    alone: bool = False


@fast_frozen
class Pace:
    # Completed and failed items as a share of those known or expected, 0 to 1, rounded down.
    share: float
    items_per_second: float | None
    eta_seconds: int | None
    # How long no item was finished; None while they are, and for a finished job.
    unchanged_seconds: int | None = None


def rolled_up(last: Progress, job: Job, heads: Sequence[Head], now: int) -> Progress | None:
    """The progress by these heads; None if it tells nothing new."""
    counts, retrying = total(heads), total_retrying(heads)
    offsets = sum(head.offset for head in heads)
    # The same offsets with other numbers mean that the progress drifted: it is corrected.
    same = (counts, retrying) == (last.counts, last.retrying)
    if offsets < last.offsets or (offsets == last.offsets and same):
        return None
    current = _in_this_epoch(last, job)
    before = _worked(last, job)
    progress = replace(current, counts=counts, retrying=retrying, offsets=offsets, at=now)
    if counts.worked <= before:
        return progress
    sample, following = current.sample, current.next_sample
    if _stands_still(current, before, now) and before - sample.worked >= _SAMPLE_ITEMS:
        # It goes on. How long it stood still says nothing about its speed.
        sample = following = Sample(at=now, worked=counts.worked)
    elif (
        current.moved_at - following.at >= _SAMPLE_MS and before - following.worked >= _SAMPLE_ITEMS
    ):
        sample, following = following, Sample(at=current.moved_at, worked=before)
    return replace(progress, moved_at=now, sample=sample, next_sample=following)


def pace(job: Job, counts: Counts, progress: Progress, now: int) -> Pace:
    """What the counts, which may be newer than the progress, say of share, speed and time left."""
    expected = job.spec.expected_items
    # Of a sealed job no more items will be registered than there are.
    known = counts.total if job.was_sealed else max(counts.total, expected or 0)
    done = counts.completed + counts.failed
    share = done * _SHARE // known / _SHARE if known else float(job.status is JobStatus.COMPLETED)
    if job.finished:
        return Pace(share=share, items_per_second=_mean(job, done), eta_seconds=0)
    if job.scheduled:
        return Pace(share=share, items_per_second=None, eta_seconds=None)
    current, before = _in_this_epoch(progress, job), _worked(progress, job)
    if counts.worked <= before and _stands_still(current, before, now):
        unchanged = (now - current.moved_at) // 1000
        return Pace(
            share=share, items_per_second=0.0, eta_seconds=None, unchanged_seconds=unchanged
        )
    since = current.sample
    moved, elapsed_ms = max(0, counts.worked - since.worked), now - since.at
    eta = None
    # How long a job is held nobody knows.
    if moved and elapsed_ms > 0 and not job.held and (job.sealed or expected is not None):
        eta = -(-(known - counts.finished) * elapsed_ms // (moved * 1000))
    return Pace(share=share, items_per_second=_rate(moved, elapsed_ms), eta_seconds=eta)


def _in_this_epoch(progress: Progress, job: Job) -> Progress:
    """The progress; that of a job that was just opened or reopened starts anew."""
    opening = Sample(at=job.opened_at, worked=_worked_before(job))
    sample = progress.sample
    if sample.at >= opening.at and sample.worked >= opening.worked:
        return progress
    return replace(progress, moved_at=opening.at, sample=opening, next_sample=opening)


def _worked(progress: Progress, job: Job) -> int:
    """How many items were worked at `moved_at`."""
    return max(progress.counts.worked, _worked_before(job))


def _worked_before(job: Job) -> int:
    """How many items were worked when the job's epoch began."""
    return 0 if job.epoch == 1 else job.counts_at_verdict.worked


def _stands_still(progress: Progress, worked: int, now: int) -> bool:
    sample, limit = progress.sample, _STANDSTILL_MS
    if worked > sample.worked:
        gap_ms = (progress.moved_at - sample.at) // (worked - sample.worked)
        limit = max(limit, gap_ms * _STANDSTILL_GAPS)
    return now - progress.moved_at >= limit


def _rate(items: int, milliseconds: int) -> float | None:
    return items * 1000 / milliseconds if milliseconds > 0 else None


def _mean(job: Job, done: int) -> float | None:
    """Of a finished job; with several epochs nobody knows what the last one began with."""
    if job.epoch > 1 or job.finished_at is None:
        return None
    return _rate(done, job.finished_at - job.opened_at)
