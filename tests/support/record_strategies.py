"""Hypothesis strategies for domain records with any value that a field can hold."""

from hypothesis import strategies as st

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.commands import CommandKind, Recount
from forgeledger.jobs.model.events import Event, EventKind
from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.items import Failure, Item, ItemState
from forgeledger.jobs.model.jobs import Job, JobSpec, JobStatus, Tolerance
from forgeledger.jobs.model.lanes import Counts, Head, LaneMode, LaneRules
from forgeledger.jobs.model.outcomes import Reason
from forgeledger.jobs.model.progress import Progress, Sample
from forgeledger.jobs.model.sums import Sums

texts = st.text(max_size=40)
optional_texts = st.none() | texts
numbers = st.integers(0, 10**15)
optional_numbers = st.none() | numbers
# As fine as a lane stores it.
seconds = st.integers(0, 10**9).map(lambda milliseconds: milliseconds / 1000)
names = st.text(min_size=1, max_size=256)
marks = st.from_regex(r"[A-Za-z0-9_-]{8}([a-z_]{1,16})?", fullmatch=True)

failures = st.builds(Failure, type=texts, message=texts, retryable=st.booleans())
failure_counts = st.dictionaries(texts, st.integers(-5, 10**9), max_size=11).map(
    lambda counted: tuple(counted.items())
)
counts = st.builds(Counts, **dict.fromkeys(Counts.__dataclass_fields__, st.integers(0, 10**9)))
sums = st.builds(Sums, **dict.fromkeys(Sums.__dataclass_fields__, numbers))
recounts = st.builds(Recount, counts=counts, failures=failure_counts, retrying=numbers)
rules = st.builds(
    LaneRules,
    max_attempts=numbers,
    lease_seconds=numbers,
    backoff_base_seconds=seconds,
    backoff_cap_seconds=seconds,
    registers_on_the_way=st.booleans(),
    ttl_days=st.integers(0, 3_650),
    dispatched=st.booleans(),
    run_seconds=numbers,
    permanent_errors=st.lists(st.integers(0, 2**24 - 1), max_size=10).map(tuple),
)
items = st.builds(
    Item,
    item_id=names,
    state=st.sampled_from(ItemState),
    attempt=numbers,
    forgiven=numbers,
    failed_attempt=numbers,
    worker_id=optional_texts,
    lease_until=optional_numbers,
    due_at=optional_numbers,
    dispatch=numbers,
    payload=optional_texts,
    kind=optional_texts,
    group=optional_texts,
    result=optional_texts,
    failure=st.none() | failures,
    created_at=numbers,
    claimed_at=optional_numbers,
    pending_since=optional_numbers,
    finished_at=optional_numbers,
    updated_at=numbers,
    offset=numbers,
    seen=st.lists(marks, max_size=64).map(tuple),
    dropped=st.booleans(),
)
job_ids = st.builds(make_job_id, numbers, numbers, st.integers(1, 64))
# Below which offset, and when; the latest first.
closings = st.lists(st.tuples(numbers, numbers), max_size=2)


def _closed(head: Head, times: list[tuple[int, int]]) -> Head:
    if not times:
        return head
    (below, at), *earlier = times
    return replace(
        head, canceled_below=below, closed_at=at, earlier_closing=earlier[0] if earlier else None
    )


_open_heads = st.builds(
    Head,
    job_id=job_ids,
    lane=st.integers(0, 63),
    rules=rules,
    counts=counts,
    failures=failure_counts,
    sums=sums,
    mode=st.sampled_from(LaneMode),
    held=st.booleans(),
    gate=numbers,
    offset=numbers,
)
heads = st.builds(_closed, _open_heads, closings)
events = st.builds(
    Event,
    kind=st.sampled_from(EventKind),
    at=numbers,
    item_id=optional_texts,
    previous=optional_numbers,
    mark=optional_texts,
    attempt=optional_numbers,
    worker_id=optional_texts,
    lease_until=optional_numbers,
    due_at=optional_numbers,
    payload=optional_texts,
    item_kind=optional_texts,
    group=optional_texts,
    dispatch=optional_numbers,
    resolved=optional_numbers,
    result=optional_texts,
    failure=st.none() | failures,
    command=st.none() | st.sampled_from(CommandKind),
    reason=st.none() | st.sampled_from(Reason),
    gate=optional_numbers,
    mode=st.none() | st.sampled_from(LaneMode),
    held=st.none() | st.just(True),
    recount=st.none() | recounts,
    ignored=st.lists(texts, max_size=3).map(tuple),
)
specs = st.builds(
    JobSpec,
    job_id=job_ids,
    name=texts,
    lanes=st.integers(1, 64),
    rules=rules,
    tolerance=st.builds(
        Tolerance, failures=optional_numbers, failure_percent=st.none() | st.floats(0, 100)
    ),
    permanent_errors=st.lists(texts, max_size=10).map(tuple),
    expected_items=optional_numbers,
    deadline_seconds=optional_numbers,
    metadata=texts,
    tags=st.lists(texts, max_size=20).map(tuple),
    created_at=numbers,
    execute_at=optional_numbers,
)
jobs = st.builds(
    Job,
    spec=specs,
    status=st.sampled_from(JobStatus),
    epoch=numbers,
    gate=numbers,
    mode=st.sampled_from(LaneMode),
    gate_client_id=optional_texts,
    held=st.booleans(),
    paused_until=optional_numbers,
    started_at=optional_numbers,
    ending=st.none() | st.sampled_from(JobStatus),
    ending_reason=optional_texts,
    resume_gate=numbers,
    resumed_epoch=numbers,
    facts=numbers,
    opened_at=numbers,
    sealed_at=optional_numbers,
    finished_at=optional_numbers,
    first_failure_epoch=numbers,
    idle_at=optional_numbers,
    counts_at_verdict=counts,
    renewed_since=numbers,
)
facts = st.builds(
    Fact,
    number=st.integers(0, 10**12 - 1),
    kind=st.sampled_from(FactKind),
    epoch=numbers,
    at=numbers,
    status=st.sampled_from(JobStatus),
    counts=counts,
    duration_ms=numbers,
    reason=optional_texts,
    client_id=optional_texts,
    paused_until=optional_numbers,
)
samples = st.builds(Sample, at=numbers, worked=numbers)
progresses = st.builds(
    Progress,
    counts=counts,
    retrying=numbers,
    offsets=numbers,
    at=numbers,
    moved_at=numbers,
    sample=samples,
    next_sample=samples,
)
