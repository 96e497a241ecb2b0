"""A job's header and its facts as rows; the specification never changes."""

from functools import lru_cache
from typing import Final

from forgeledger.aws.dynamodb.attributes import (
    Members,
    Row,
    compact_json,
    decoder,
    number,
    numbers,
    optional_number,
    optional_text,
    parse_json,
    text,
    texts,
    ttl_of,
)
from forgeledger.aws.dynamodb.key_ranges import key
from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.jobs import (
    OPERATOR,
    DispatchSpec,
    Job,
    JobSpec,
    JobStatus,
    Tolerance,
)
from forgeledger.jobs.model.lanes import LaneMode
from forgeledger.jobs.ports import JobView
from forgeledger.jobs.storage.counts_rows import encode_counts, parse_counts
from forgeledger.jobs.storage.head_rows import decode_rules, encode_rules, held_attribute
from forgeledger.jobs.storage.keys import (
    FACT_PREFIX,
    fact_sk,
    header_key,
    job_pk,
    open_shard,
    status_of,
    status_shard,
)

_STATUSES: Final = Members(JobStatus)
_MODES: Final = Members(LaneMode)
_DISPATCH: Final = ("max_in_flight", "fairness_key", "items_per_message", "queue_arn")
_FACT_KINDS: Final = Members(FactKind)


def encode_header(job: Job) -> Row:
    """The header of a new job: open, with nothing published."""
    spec = job.spec
    row: Row = {
        **header_key(job.job_id),
        "jobId": text(job.job_id),
        "name": text(spec.name),
        "lanes": number(spec.lanes),
        "rules": text(encode_rules(spec.rules)),
        "metadata": text(spec.metadata),
        "createdAt": number(spec.created_at),
        "renewedSince": number(job.renewed_since),
        "published": number(0),
        "open": text(str(open_shard(job.job_id))),
        **numbers(expectedItems=spec.expected_items, deadlineSeconds=spec.deadline_seconds),
        **numbers(executeAt=spec.execute_at),
        **encode_life(job),
        **texts(jobKey=spec.job_key),
    }
    if spec.client_id != OPERATOR:
        row["clientId"] = text(spec.client_id)
    if (tolerance := spec.tolerance) != Tolerance():
        row["tolerance"] = text(compact_json([tolerance.failures, tolerance.failure_percent]))
    if (dispatch := spec.dispatch) is not None:
        row["dispatch"] = text(encode_dispatch(dispatch))
    for name, names in (("tags", spec.tags), ("permanentErrors", spec.permanent_errors)):
        if names:
            row[name] = {"L": [text(entry) for entry in names]}
    return row


def encode_life(job: Job) -> Row:
    """What a step of the life cycle may change; absent attributes are removed from the row."""
    return {
        "jobStatus": text(status_shard(job.status.value, job.job_id)),
        "epoch": number(job.epoch),
        "gate": number(job.gate),
        "mode": text(job.mode.value),
        "facts": number(job.facts),
        "openedAt": number(job.opened_at),
        "firstFailureEpoch": number(job.first_failure_epoch),
        "countsAtVerdict": text(compact_json(encode_counts(job.counts_at_verdict))),
        **texts(ending=job.ending, endingReason=job.ending_reason),
        **texts(gateClientId=job.gate_client_id),
        **numbers(sealedAt=job.sealed_at, finishedAt=job.finished_at, idleAt=job.idle_at),
        **numbers(resumeGate=job.resume_gate or None, resumedEpoch=job.resumed_epoch or None),
        **held_attribute(held=job.held),
        **numbers(pausedUntil=job.paused_until, startedAt=job.started_at),
        **numbers(ttl=job_ttl(job)),
    }


def job_ttl(job: Job) -> int | None:
    """The TTL of header and heads: none while the job runs."""
    if not job.finished or job.finished_at is None:
        return None
    return ttl_of(job.finished_at, job.spec.rules.ttl_days)


@decoder
def decode_header(row: Row) -> JobView:
    """The job without its heads and its progress."""
    return JobView(job=_decode_job(row), heads=(), published=int(row["published"]["N"]))


def _decode_job(row: Row) -> Job:
    ending = optional_text(row, "ending")
    return Job(
        spec=_decode_spec(row),
        status=_STATUSES[status_of(row["jobStatus"]["S"])],
        epoch=int(row["epoch"]["N"]),
        gate=int(row["gate"]["N"]),
        mode=_MODES[row["mode"]["S"]],
        gate_client_id=optional_text(row, "gateClientId"),
        held="held" in row,
        paused_until=optional_number(row, "pausedUntil"),
        started_at=optional_number(row, "startedAt"),
        ending=None if ending is None else _STATUSES[ending],
        ending_reason=optional_text(row, "endingReason"),
        resume_gate=optional_number(row, "resumeGate") or 0,
        resumed_epoch=optional_number(row, "resumedEpoch") or 0,
        facts=int(row["facts"]["N"]),
        opened_at=int(row["openedAt"]["N"]),
        sealed_at=optional_number(row, "sealedAt"),
        finished_at=optional_number(row, "finishedAt"),
        first_failure_epoch=int(row["firstFailureEpoch"]["N"]),
        idle_at=optional_number(row, "idleAt"),
        counts_at_verdict=parse_counts(row["countsAtVerdict"]["S"]),
        renewed_since=int(row["renewedSince"]["N"]),
        rows_lost="rowsLost" in row,
        key_moved=optional_text(row, "keyMoved"),
    )


def _decode_spec(row: Row) -> JobSpec:
    return JobSpec(
        job_id=row["jobId"]["S"],
        name=row["name"]["S"],
        lanes=int(row["lanes"]["N"]),
        rules=decode_rules(row["rules"]["S"]),
        tolerance=_decode_tolerance(optional_text(row, "tolerance")),
        expected_items=optional_number(row, "expectedItems"),
        deadline_seconds=optional_number(row, "deadlineSeconds"),
        dispatch=_decode_dispatch(optional_text(row, "dispatch")),
        metadata=row["metadata"]["S"],
        tags=_decode_names(row, "tags"),
        permanent_errors=_decode_names(row, "permanentErrors"),
        created_at=int(row["createdAt"]["N"]),
        client_id=optional_text(row, "clientId") or OPERATOR,
        job_key=optional_text(row, "jobKey"),
        execute_at=optional_number(row, "executeAt"),
    )


def _decode_names(row: Row, attribute: str) -> tuple[str, ...]:
    return tuple(entry["S"] for entry in row[attribute]["L"]) if attribute in row else ()


def encode_dispatch(dispatch: DispatchSpec) -> str:
    values = (getattr(dispatch, field) for field in _DISPATCH)
    return compact_json(list(values))


@lru_cache(maxsize=256)
def _decode_dispatch(written: str | None) -> DispatchSpec | None:
    if written is None:
        return None
    return DispatchSpec(**dict(zip(_DISPATCH, parse_json(written), strict=True)))


@lru_cache(maxsize=256)
def _decode_tolerance(tolerance: str | None) -> Tolerance:
    if tolerance is None:
        return Tolerance()
    failures, failure_percent = parse_json(tolerance)
    return Tolerance(failures=failures, failure_percent=failure_percent)


def encode_fact(job: Job, fact: Fact, commit_id: str) -> Row:
    return {
        **key(job_pk(job.job_id), fact_sk(fact.number)),
        "kind": text(fact.kind.value),
        "epoch": number(fact.epoch),
        "at": number(fact.at),
        "status": text(fact.status.value),
        "counts": text(compact_json(encode_counts(fact.counts))),
        "durationMs": number(fact.duration_ms),
        **texts(commitId=commit_id, reason=fact.reason, clientId=fact.client_id),
        **numbers(pausedUntil=fact.paused_until),
        **numbers(ttl=ttl_of(fact.at, job.spec.rules.ttl_days)),
    }


@decoder
def decode_fact(row: Row) -> Fact:
    return Fact(
        number=int(row["SK"]["S"].removeprefix(FACT_PREFIX)),
        kind=_FACT_KINDS[row["kind"]["S"]],
        epoch=int(row["epoch"]["N"]),
        at=int(row["at"]["N"]),
        status=_STATUSES[row["status"]["S"]],
        counts=parse_counts(row["counts"]["S"]),
        duration_ms=int(row["durationMs"]["N"]),
        reason=optional_text(row, "reason"),
        client_id=optional_text(row, "clientId"),
        paused_until=optional_number(row, "pausedUntil"),
    )
