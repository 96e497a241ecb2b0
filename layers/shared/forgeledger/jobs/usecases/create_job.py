"""Create a job, under a new id or the one that belongs to its idempotency key."""

from dataclasses import dataclass, replace
from hashlib import blake2b

from forgeledger.errors import ExecuteAtPast, JobGone, JobKeyReused, OutOfTime, StorageBusy
from forgeledger.jobs.model.creation import SealedCreation, create_sealed
from forgeledger.jobs.model.ids import lanes_for, lanes_of, make_job_id, time_of
from forgeledger.jobs.model.job_keys import KeyClaim
from forgeledger.jobs.model.job_lifecycle import create
from forgeledger.jobs.model.job_outcomes import ended_badly
from forgeledger.jobs.model.jobs import OPERATOR, DispatchSpec, Job, JobSpec, Tolerance
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

# How often a creation begins again because others took or moved its job's key meanwhile.
_TRIES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRequest:
    """The key that a job is to have; the fingerprint is that of its specification."""

    key: str
    fingerprint: str
    # Whether the key may move to a new job from one that failed or was canceled.
    after_failure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    name: str
    lanes: int | None = None
    rules: LaneRules = LaneRules()
    tolerance: Tolerance = Tolerance()
    # The names; their numbers stand in the rules.
    permanent_errors: tuple[str, ...] = ()
    expected_items: int | None = None
    dispatch: DispatchSpec | None = None
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
    key: KeyRequest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    view: JobView
    registered: Registered | None = None
    # Whether the key named the job before this request.
    existed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Creation:
    """A request to create a job, with the id and specification that the job is to have."""

    new: NewJob
    spec: JobSpec
    request_id: str
    client_id: str | None
    has_time: HasTime
    # Whether an earlier try of the request may have created it.
    repeated: bool


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
        fresh = make_job_id(now, int.from_bytes(random), _lanes(new))
        job_id = fresh if repeat is None else self.claims.claim(repeat, fresh)
        creation = _Creation(
            new=new,
            spec=_spec(new, job_id, now, client_id),
            request_id=self.runtime.new_id() if repeat is None else repeat.request_id,
            client_id=client_id,
            has_time=has_time,
            repeated=job_id != fresh,
        )
        if new.key is not None:
            return self._create_with_key(creation, new.key)
        return self._create(creation, None) or self._fill(creation, job_id)

    def _create_with_key(self, creation: _Creation, key: KeyRequest) -> Created:
        spec = creation.spec
        for tries in range(_TRIES):
            if not creation.has_time():
                raise OutOfTime(f"job key {key.key}")
            if (creation.repeated or tries) and self.jobs.load_job(spec.job_id) is not None:
                return self._fill(creation, spec.job_id)
            former: Job | None = None
            holder = self.jobs.key_holder(spec.client_id, key.key)
            if holder is not None:
                view = self.jobs.load_job(holder.job_id)
                if view is None:
                    raise JobGone(holder.job_id)
                if key.after_failure and ended_badly(view.job):
                    former = view.job
                elif holder.fingerprint == key.fingerprint:
                    return self._carry_on(creation, view)
                else:
                    raise JobKeyReused(holder.job_id)
            claim = KeyClaim(fingerprint=key.fingerprint, former=former)
            created = self._create(creation, claim)
            if created is not None:
                return created
            self.runtime.pause(tries)
        raise StorageBusy(f"job key {key.key}", _TRIES)

    def _create(self, creation: _Creation, claim: KeyClaim | None) -> Created | None:
        """The new job with its items; None if it exists already, or the key is another job's."""
        _check_start(creation.new, time_of(creation.spec.job_id))
        job, heads, fact = create(creation.spec, creation.client_id)
        look_at = None if self.looks is None else self.looks.first(job)
        sealed = _sealed_at_once(creation, look_at)
        if sealed is not None:
            made = self.jobs.create_sealed_job(sealed, look_at, claim)
        else:
            made = self.jobs.create_job(job, heads, fact, look_at, claim)
        # Also of one that an earlier try made, after which it may have died.
        if self.looks is not None and (made or claim is None):
            self.looks.wake(job.job_id, look_at, None, creation.spec.created_at)
        if not made:
            return None
        if sealed is not None:
            return _created(sealed, creation.new)
        return self._fill(creation, job.job_id, JobView(job=job, heads=heads))

    def _carry_on(self, creation: _Creation, view: JobView) -> Created:
        """The job that the key names; what an earlier request left undone is done now.

        A job that was sealed has all of its items. One that was reopened since is no longer as the
        request wants it: whoever reopened it says when it is sealed again.
        """
        if view.job.sealed or view.job.epoch > 1:
            return Created(view=view, existed=True)
        return replace(self._fill(creation, view.job.job_id, view), existed=True)

    def _fill(self, creation: _Creation, job_id: str, view: JobView | None = None) -> Created:
        """Register the items and seal the job on request; `view` is the job before that."""
        new = creation.new
        has_time, client_id = creation.has_time, creation.client_id
        registered = None
        if new.items:
            registered = self.registrar.register(
                job_id, new.items, creation.request_id, has_time=has_time, client_id=client_id
            )
        if new.seal:
            sealing = self.lifecycle.seal(job_id, has_time, client_id)
            return Created(view=sealing.view, registered=registered)
        if registered is not None or view is None:
            view = self.jobs.load_job(job_id)
        assert view is not None
        return Created(view=view, registered=registered)


def _check_start(new: NewJob, asked_at: int) -> None:
    """A repetition may come when the time is over, of which the first call was in time."""
    late_ms = 0 if new.execute_at is None else asked_at - new.execute_at
    if late_ms > START_LATE_SECONDS * 1000:
        raise ExecuteAtPast(late_ms)


def _lanes(new: NewJob) -> int:
    """Where few items are handed out at once, few lanes are busy."""
    if new.lanes is not None:
        return new.lanes
    lanes = lanes_for(_known_items(new))
    window = None if new.dispatch is None else new.dispatch.max_in_flight
    return lanes if window is None else min(lanes, window)


def _known_items(new: NewJob) -> int | None:
    sealed_with = len(new.items) if new.seal else None
    known = (new.planned_items, new.expected_items, sealed_with)
    return next((number for number in known if number is not None), None)


def _sealed_at_once(creation: _Creation, look_at: int | None) -> SealedCreation | None:
    """The job with its items, if one transaction can create all of it."""
    new, spec = creation.new, creation.spec
    if not (new.seal and new.items):
        return None
    shares = registrations(new.items, creation.request_id, spec.lanes)
    return create_sealed(spec, shares, creation.client_id, int(look_at is not None))


def _created(creation: SealedCreation, new: NewJob) -> Created:
    count = sum(len(commit.items) for commit in creation.commits)
    return Created(
        view=JobView(job=creation.job, heads=creation.heads),
        registered=Registered(registered=count, already_existed=len(new.items) - count),
    )


def _spec(new: NewJob, job_id: str, now: int, client_id: str | None) -> JobSpec:
    return JobSpec(
        job_id=job_id,
        name=new.name,
        lanes=lanes_of(job_id) or 1,
        rules=new.rules,
        tolerance=new.tolerance,
        permanent_errors=new.permanent_errors,
        dispatch=new.dispatch,
        expected_items=new.expected_items,
        deadline_seconds=new.deadline_seconds,
        metadata=new.metadata,
        tags=new.tags,
        created_at=now,
        client_id=client_id or OPERATOR,
        job_key=None if new.key is None else new.key.key,
        execute_at=new.execute_at,
    )
