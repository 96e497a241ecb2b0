"""One job key, one job: its row changes with the job's creation, its move, its end and its return.

Another job gets a key only if a request asks for it after the former job has ended badly.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.storage.job_rows import decode_header
from forgeledger.jobs.usecases.create_job import NewJob
from forgeledger.jobs.usecases.register_items import Registered
from tests.simulation.coverage import CoveragePoint
from tests.simulation.end_checks import DAY_MS
from tests.simulation.expressions import Row
from tests.simulation.job_checks import JobChecks
from tests.simulation.lane_checks import Violation
from tests.simulation.registration_checks import check_all_registered
from tests.simulation.request_checks import RequestLog
from tests.simulation.table import RowChange, Tables

if TYPE_CHECKING:
    from tests.simulation.checks import Checks

KEY_SK = "JOBKEY"
_LEAST_DAYS = 30


@dataclass(frozen=True, slots=True)
class SubmissionAnswer:
    """The job that was answered, or of a refusal the one that has the key."""

    kind: str
    job_id: str
    registered: Registered | None = None


@dataclass(frozen=True, slots=True)
class ExpectedAnswer:
    kind: str
    job_id: str | None = None
    # Of a job that the request must leave as it is: how many facts it has.
    facts: int | None = None


@dataclass(slots=True)
class KeyChecks:
    request_log: RequestLog
    jobs: JobChecks
    # The jobs of each key, by the key of its row: the latest has it.
    holders: dict[str, list[str]] = field(default_factory=dict)

    def committed(self, changes: list[RowChange], tables: Tables) -> None:
        rows = [change for change in changes if change.sk == KEY_SK]
        headers = {
            change.pk: change
            for change in changes
            if change.sk == "JOB" and change.new is not None and "jobKey" in change.new
        }
        if not rows and not headers:
            return
        moved = {self._check_row(change, headers) for change in rows}
        for pk, header in headers.items():
            assert header.new is not None
            row_pk = _row_pk(header.new)
            if header.old is None and self.holders.get(row_pk, [""])[-1] != _id_of(pk):
                raise Violation(f"{pk}: created without its key {row_pk}")
            if (
                "keyMoved" in header.new
                and "keyMoved" not in (header.old or {})
                and (pk not in moved)
            ):
                raise Violation(f"{pk}: its key moved without its row")
            # Of an expired job the other checks see no changes any more.
            self._check_ttl(pk, decode_header(header.new).job, tables.get(row_pk, KEY_SK))

    def _check_row(self, change: RowChange, headers: Mapping[str, RowChange]) -> str | None:
        """The row of a header that lost its key in the same commit."""
        assert change.new is not None
        job_id = change.new["jobId"]["S"]
        if change.old is not None and change.old["jobId"] == change.new["jobId"]:
            if change.old["fingerprint"] != change.new["fingerprint"]:
                raise Violation(f"{change.pk}: another fingerprint of the same job")
            return None
        header = headers.get(f"JOB#{job_id}")
        if header is None or header.old is not None:
            raise Violation(f"{change.pk}: names {job_id}, which is not created with it")
        assert header.new is not None
        if _row_pk(header.new) != change.pk:
            raise Violation(f"{change.pk}: is the key of {job_id}, not {_row_pk(header.new)}")
        holders = self.holders.setdefault(change.pk, [])
        former = None
        if change.old is None:
            self._check_free(change.pk, holders)
        else:
            former = self._check_move(change, headers, decode_header(header.new).job)
        holders.append(job_id)
        return former

    def _check_free(self, pk: str, holders: list[str]) -> None:
        """A key is free before its first job, and when the row of its last one has expired."""
        if not holders:
            return
        job = self.jobs.by_pk[f"JOB#{holders[-1]}"].job
        if not _is_over(job, self.jobs.world.now):
            raise Violation(f"{pk}: free while it names {job.status} {holders[-1]}")

    def _check_move(self, change: RowChange, headers: Mapping[str, RowChange], job: Job) -> str:
        assert change.old is not None
        pk = f"JOB#{change.old['jobId']['S']}"
        header = headers.get(pk)
        where = f"{change.pk}: moves from {pk} to {job.job_id}"
        if header is None or header.old is None or header.new is None:
            raise Violation(f"{where}, which is not marked")
        if header.new.get("keyMoved") != {"S": job.job_id} or "keyMoved" in header.old:
            raise Violation(f"{where}, which is marked {header.new.get('keyMoved')}")
        former = decode_header(header.old).job
        if not ended_badly(former):
            raise Violation(f"{where}, which is {former.status} {former.counts_at_verdict}")
        if not self._asked_for_reuse(job):
            raise Violation(f"{where}, which nobody asked for")
        self.jobs.world.coverage[CoveragePoint.KEY_MOVED] += 1
        return pk

    def _asked_for_reuse(self, job: Job) -> bool:
        return (job.spec.client_id, job.spec.name) in self.request_log.key_reuses

    def _check_ttl(self, pk: str, job: Job, row: Row | None) -> None:
        """None while the job is open, then as late as the job's rows and thirty days at least."""
        if row is None or row["jobId"]["S"] != job.job_id:
            if job.key_moved is None and not _is_over(job, self.jobs.world.now):
                raise Violation(f"{pk}: {job.status} without its key")
            return
        expires_at = _expires_at(job)
        if row.get("ttl") != (None if expires_at is None else {"N": str(expires_at)}):
            raise Violation(f"{pk}: {job.status}, and its key expires at {row.get('ttl')}")


def ended_badly(job: Job) -> bool:
    """By the contract, whatever the product says: of a job with one item by that item."""
    single = sum(getattr(job.counts_at_verdict, name) for name in _STATES) == 1
    return job.status in ("FAILED", "CANCELED") or (
        job.status == "COMPLETED_WITH_FAILURES" and single
    )


_STATES = ("pending", "in_progress", "completed", "failed", "canceled")


def expected_answer(
    checks: KeyChecks, tables: Tables, client_id: str, new: NewJob
) -> ExpectedAnswer | None:
    """What a request must be answered if nothing comes in between; None where rows expire."""
    assert new.key is not None
    pk = f"JOBKEY#{client_id}#{new.key.key}"
    row = tables.get(pk, KEY_SK)
    if row is None:
        return ExpectedAnswer("created")
    if (pk, KEY_SK) in checks.jobs.world.expired:
        return None
    job_id = row["jobId"]["S"]
    job = checks.jobs.by_pk[f"JOB#{job_id}"].job
    header = tables.get(f"JOB#{job_id}", "JOB")
    if header is None or ("ttl" in header and _has_gone(header, checks.jobs.world.now)):
        return None
    if new.key.after_failure and ended_badly(job):
        return ExpectedAnswer("created")
    if job.spec.name != new.name:
        return ExpectedAnswer("refused", job_id, job.facts)
    done = job.mode != "open" or job.epoch > 1
    return ExpectedAnswer("existed", job_id, job.facts if done else None)


def _has_gone(header: Row, now: int) -> bool:
    return int(header["ttl"]["N"]) * 1000 <= now


def check_answer(
    checks: "Checks",
    new: NewJob,
    answer: SubmissionAnswer,
    expected: ExpectedAnswer | None,
    known: Collection[str],
) -> None:
    """Check an answer against what is stored, and against what had to be answered."""
    kind, job_id = answer.kind, answer.job_id
    where = f"{new.name} with {new.key} was answered: {kind} {job_id}"
    pk = f"JOB#{job_id}"
    if kind == "gone":
        if pk not in checks.expired_pks:
            raise Violation(f"{where}, which has not expired")
        return
    job = checks.jobs.by_pk[pk].job
    if (job.spec.name == new.name) is (kind == "refused"):
        raise Violation(f"{where}, which is {job.spec.name}")
    assert new.key is not None
    if job.spec.job_key != new.key.key:
        raise Violation(f"{where}, whose key is {job.spec.job_key}")
    if kind != "refused" and job.mode == "open" and job.epoch == 1:
        _check_done(checks, where, new, job_id)
    if expected is None:
        return
    if kind != expected.kind or job_id != (expected.job_id or job_id):
        raise Violation(f"{where}, expected {expected}")
    if job.facts != (expected.facts or job.facts):
        raise Violation(f"{where}, which it changed, expected {expected}")
    if kind == "created" and pk in known:
        raise Violation(f"{where}, which had been there before")


def _check_done(checks: "Checks", where: str, new: NewJob, job_id: str) -> None:
    """The job has its items and its seal, whichever request began it."""
    if new.seal:
        raise Violation(f"{where}, which is not sealed")
    names = [item.item_id for item in new.items]
    check_all_registered(checks.lanes, job_id, names, rejected=set())


def check_key_expiry(jobs: JobChecks, pk: str, row: Row) -> None:
    """The row of a key expires with the job that it names, and thirty days later at least."""
    job = jobs.by_pk[f"JOB#{row['jobId']['S']}"].job
    if not _is_over(job, jobs.world.now):
        raise Violation(f"{pk}: expires while it names {job.status} {job.job_id}")


def _is_over(job: Job, now: int) -> bool:
    expires_at = _expires_at(job)
    return expires_at is not None and now // 1000 >= expires_at


def _expires_at(job: Job) -> int | None:
    days = job.spec.rules.ttl_days
    if not job.finished or job.finished_at is None or not days:
        return None
    return (job.finished_at // 1000) + max(days, _LEAST_DAYS) * DAY_MS // 1000


def _row_pk(header: Mapping[str, Any]) -> str:
    client_id = header.get("clientId", {"S": "operator"})["S"]
    return f"JOBKEY#{client_id}#{header['jobKey']['S']}"


def _id_of(pk: str) -> str:
    return pk.removeprefix("JOB#")
