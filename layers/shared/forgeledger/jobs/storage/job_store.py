"""A job in the table: header, progress and facts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from forgeledger.aws.dynamodb.attributes import number
from forgeledger.aws.dynamodb.key_ranges import between, prefix_end
from forgeledger.aws.dynamodb.table import Conflict
from forgeledger.errors import StorageCorrupt
from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.ids import lanes_of
from forgeledger.jobs.model.job_keys import KeyHolder
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.model.progress import LookMove, Progress
from forgeledger.jobs.ports import JobChange, JobView
from forgeledger.jobs.storage.head_rows import commit_id_of, decode_head
from forgeledger.jobs.storage.job_key_rows import claim_actions, decode_key_holder
from forgeledger.jobs.storage.job_rows import decode_fact, decode_header
from forgeledger.jobs.storage.job_writes import (
    FACT_ACTION,
    change_actions,
    creation_actions,
    sealed_creation_actions,
)
from forgeledger.jobs.storage.keys import (
    FACT_PREFIX,
    HEADER_SK,
    PROGRESS_SK,
    fact_sk,
    head_key,
    header_key,
    job_key_key,
    job_pk,
    progress_key,
)
from forgeledger.jobs.storage.ledger_table import LedgerTable
from forgeledger.jobs.storage.progress_rows import decode_progress, progress_update

if TYPE_CHECKING:
    # What only creates jobs is not loaded by the intake.
    from forgeledger.jobs.model.creation import SealedCreation
    from forgeledger.jobs.model.job_keys import KeyClaim


class DynamoJobStore(LedgerTable):
    def load_job(self, job_id: str) -> JobView | None:
        lanes = lanes_of(job_id)
        if lanes is None:
            return None
        keys = [header_key(job_id), progress_key(job_id)]
        keys += (head_key(job_id, lane) for lane in range(lanes))
        view: JobView | None = None
        progress = Progress()
        heads: list[Head] = []
        for row in self._table.read(keys):
            name = row["SK"]["S"]
            if name == HEADER_SK:
                view = decode_header(row)
            elif name == PROGRESS_SK:
                progress = decode_progress(row)
            else:
                heads.append(decode_head(row))
        if view is None:
            return None
        if len(heads) == lanes:
            heads.sort(key=lambda head: head.lane)
            return replace(view, heads=tuple(heads), progress=progress)
        if view.job.finished:
            # Its retention is over, and its rows expire one by one.
            return None
        raise StorageCorrupt(f"JOB#{job_id}", f"{lanes - len(heads)} of {lanes} heads are missing")

    def create_job(
        self,
        job: Job,
        heads: Sequence[Head],
        fact: Fact,
        look_at: int | None = None,
        claim: "KeyClaim | None" = None,
    ) -> bool:
        commit_id = self._new_id()
        actions = creation_actions(self._table.name, job, heads, [fact], commit_id, look_at=look_at)
        actions += claim_actions(self._table.name, job, claim)
        return self._wrote_fact(self._table.transact(actions, commit_id), commit_id)

    def create_sealed_job(
        self,
        creation: "SealedCreation",
        look_at: int | None = None,
        claim: "KeyClaim | None" = None,
    ) -> bool:
        commit_id = self._new_id()
        actions = sealed_creation_actions(self._table.name, creation, commit_id, look_at)
        actions += claim_actions(self._table.name, creation.job, claim)
        return self._wrote_fact(self._table.transact(actions, commit_id), commit_id)

    def key_holder(self, client_id: str, job_key: str) -> KeyHolder | None:
        row = self._table.read_one(job_key_key(client_id, job_key))
        return None if row is None else decode_key_holder(row)

    def commit_job(self, change: JobChange) -> bool:
        commit_id = self._new_id()
        actions = change_actions(self._table.name, change, commit_id)
        return self._wrote_fact(self._table.transact(actions, commit_id), commit_id)

    def _wrote_fact(self, conflict: Conflict | None, commit_id: str) -> bool:
        """Whether a transaction with a fact was made, if only by a try whose answer was lost."""
        if conflict is None:
            return True
        fact = conflict.rows[FACT_ACTION]
        return fact is not None and commit_id_of(fact) == commit_id

    def roll_up(self, job: Job, progress: Progress, move: LookMove | None = None) -> bool:
        return self._table.update(progress_key(job.job_id), **progress_update(job, progress, move))

    def read_facts(self, job_id: str, number: int, limit: int) -> tuple[Fact, ...]:
        facts = between(job_pk(job_id), fact_sk(number), prefix_end(FACT_PREFIX))
        rows, _ = self._table.query(limit, **facts)
        return tuple(map(decode_fact, rows))

    def mark_published(self, job_id: str, published: int, *, done: bool) -> None:
        values = {":published": number(published)}
        if done and self._table.update(
            header_key(job_id),
            UpdateExpression="SET published = :published REMOVE #open",
            # A fact that came since is still unpublished, so the job has to stay open.
            ConditionExpression="published <= :published AND facts = :published",
            ExpressionAttributeNames={"#open": "open"},
            ExpressionAttributeValues=values,
        ):
            return
        self._table.update(
            header_key(job_id),
            UpdateExpression="SET published = :published",
            # Never backwards, and no header for a job that has expired.
            ConditionExpression="published < :published",
            ExpressionAttributeValues=values,
        )
