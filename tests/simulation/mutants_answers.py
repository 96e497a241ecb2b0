"""Faults in what is granted, refused and answered, the rows being sound."""

from collections.abc import Iterator
from unittest.mock import patch

from forgeledger.domain import deciding
from forgeledger.domain.commands import CommandKind
from forgeledger.domain.items import ItemState
from forgeledger.domain.jobs import Job, JobPhase, JobStatus
from forgeledger.domain.ruling import Case, Ruling
from tests.simulation.mutant import Mutants

ANSWERS = Mutants()


@ANSWERS.named("no failed item of a finished job can be retried")
def no_retry_reopens() -> Iterator[None]:
    original = Job.phase

    def phase(self: Job, now: int) -> JobPhase:
        found = original(self, now)
        return JobPhase.ENDING if found is JobPhase.FINISHED else found

    with patch.object(Job, "phase", phase):
        yield


@ANSWERS.named("a job being canceled is not in the canceled phase")
def canceled_only_at_the_end() -> Iterator[None]:
    original = Job.phase

    def phase(self: Job, now: int) -> JobPhase:
        return JobPhase.ENDING if self.ending is JobStatus.CANCELED else original(self, now)

    with patch.object(Job, "phase", phase):
        yield


@ANSWERS.named("a retry of a pending item in a canceled job is answered duplicate")
def pending_before_canceled() -> Iterator[None]:
    original = deciding._retry

    def retry(case: Case) -> Ruling:
        return case.duplicate() if case.item.state is ItemState.PENDING else original(case)

    with patch.dict(deciding._RULES, {CommandKind.RETRY: retry}):
        yield
