"""Create a job, under a new id or the one that belongs to its idempotency key."""

from dataclasses import dataclass
from hashlib import blake2b

from forgeledger.errors import ExecuteAtPast
from forgeledger.jobs.model.creation import SealedCreation, create_sealed
from forgeledger.jobs.model.ids import lanes_for, lanes_of, make_job_id, time_of
from forgeledger.jobs.model.job_lifecycle import create
from forgeledger.jobs.model.jobs import JobSpec, Tolerance
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.jobs.model.limits import START_LATE_SECONDS
from forgeledger.jobs.ports import JobIdClaims, JobStore, JobView
from forgeledger.jobs.usecases.change_job import JobLifecycle
from forgeledger.jobs.usecases.plan_look import LookPlanner
from forgeledger.jobs.usecases.register_items import (
    ItemRegistrar,
    NewItem,
    Registered,
    registrations,
)
from forgeledger.repeat import Repeat
from forgeledger.runtime import HasTime, Runtime, no_deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    name: str
    lanes: int | None = None
    rules: LaneRules = LaneRules()
    tolerance: Tolerance = Tolerance()
    # The names; their numbers stand in the rules.
    permanent_errors: tuple[str, ...] = ()
    expected_items: int | None = None
    # It chooses the lanes and nothing else.
    planned_items: int | None = None
    deadline_seconds: int | None = None
    # When it is to start, in milliseconds since 1970; None: at once.
    execute_at: int | None = None
    # JSON text.
    metadata: str = "{}"
    tags: tuple[str, ...] = ()
    items: tuple[NewItem, ...] = ()
    seal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    view: JobView
    registered: Registered | None = None


@dataclass(frozen=True, slots=True)
class JobCreator:
    jobs: JobStore
    registrar: ItemRegistrar
    lifecycle: JobLifecycle
    claims: JobIdClaims
    runtime: Runtime
    # None: execution is off, and only rounds look at jobs.
    looks: LookPlanner | None = None

    def create(
        self,
        new: NewJob,
        repeat: Repeat | None = None,
        has_time: HasTime = no_deadline,
        client_id: str | None = None,
    ) -> Created:
        """Create the job, register its items, seal it; a repetition continues the first call."""
        now = self.runtime.clock()
        random = blake2b(self.runtime.new_id().encode(), digest_size=10).digest()
        fresh = make_job_id(now, int.from_bytes(random), new.lanes or lanes_for(_known_items(new)))
        job_id = fresh if repeat is None else self.claims.claim(repeat, fresh)
        _check_start(new, time_of(job_id))
        spec = _spec(new, job_id, now)
        request_id = self.runtime.new_id() if repeat is None else repeat.request_id
        job, heads, fact = create(spec, client_id)
        look_at = None if self.looks is None else self.looks.first(job)
        sealed = _sealed_at_once(new, spec, request_id, client_id, look_at)
        is_made = sealed is not None and self.jobs.create_sealed_job(sealed, look_at)
        if sealed is None:
            self.jobs.create_job(job, heads, fact, look_at)
        if self.looks is not None:
            self.looks.wake(job_id, look_at, None, now)
        if sealed is not None and is_made:
            return _created(sealed, new)
        registered = None
        if new.items:
            registered = self.registrar.register(
                job_id, new.items, request_id, has_time=has_time, client_id=client_id
            )
        if new.seal:
            sealing = self.lifecycle.seal(job_id, has_time, client_id)
            return Created(view=sealing.view, registered=registered)
        if registered is None and job_id == fresh:
            return Created(view=JobView(job=job, heads=heads))
        view = self.jobs.load_job(job_id)
        assert view is not None
        return Created(view=view, registered=registered)


def _check_start(new: NewJob, asked_at: int) -> None:
    """A repetition may come when the time is over, of which the first call was in time."""
    late_ms = 0 if new.execute_at is None else asked_at - new.execute_at
    if late_ms > START_LATE_SECONDS * 1000:
        raise ExecuteAtPast(late_ms)


def _known_items(new: NewJob) -> int | None:
    sealed_with = len(new.items) if new.seal else None
    known = (new.planned_items, new.expected_items, sealed_with)
    return next((number for number in known if number is not None), None)


def _sealed_at_once(
    new: NewJob, spec: JobSpec, request_id: str, client_id: str | None, look_at: int | None
) -> SealedCreation | None:
    """The job with its items, if one transaction can create all of it."""
    if not (new.seal and new.items):
        return None
    items = registrations(new.items, request_id, spec.lanes)
    return create_sealed(spec, items, client_id, int(look_at is not None))


def _created(creation: SealedCreation, new: NewJob) -> Created:
    count = sum(len(commit.items) for commit in creation.commits)
    return Created(
        view=JobView(job=creation.job, heads=creation.heads),
        registered=Registered(registered=count, already_existed=len(new.items) - count),
    )


def _spec(new: NewJob, job_id: str, now: int) -> JobSpec:
    return JobSpec(
        job_id=job_id,
        name=new.name,
        lanes=lanes_of(job_id) or 1,
        rules=new.rules,
        tolerance=new.tolerance,
        permanent_errors=new.permanent_errors,
        expected_items=new.expected_items,
        deadline_seconds=new.deadline_seconds,
        metadata=new.metadata,
        tags=new.tags,
        created_at=now,
        execute_at=new.execute_at,
    )
