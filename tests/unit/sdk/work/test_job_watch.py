"""Which jobs have ended: few requests, and never a message dropped on stale knowledge."""

from datetime import UTC, datetime

import pytest

from forgeledger.sdk.errors import NoAnswerError, NotFoundError
from forgeledger.sdk.records import Job, Problem
from forgeledger.sdk.work.job_watch import LOOK_SECONDS, JobWatch

LONG_AGO = 0.0


class World:
    """Clock, wall clock and ledger; the wall clock is a day ahead."""

    def __init__(self):
        self.now, self.status, self.lookups = 1_000.0, "RUNNING", []
        self.lease_seconds = 0
        self.meanwhile = lambda: None
        self.watch = JobWatch(self.job, clock=lambda: self.now, utc_now=self.utc)

    @property
    def wall(self):
        return self.now + 86_400

    def utc(self):
        return datetime.fromtimestamp(self.wall, UTC)

    def job(self, job_id):
        self.lookups.append(job_id)
        self.meanwhile()
        if self.status is None:
            raise NoAnswerError("GET", job_id, "refused")
        if self.status == "missing":
            raise NotFoundError(Problem(status=404, code="job_not_found"))
        raw = {"policy": {"leaseSeconds": self.lease_seconds}}
        return Job(job_id=job_id, name="job", status=self.status, lanes=1, raw=raw)


@pytest.fixture
def world():
    return World()


@pytest.mark.parametrize("status", ["COMPLETED", "COMPLETED_WITH_FAILURES", "FAILED", "CANCELED"])
def test_a_message_from_before_the_end_of_its_job_is_known_as_such(world, status):
    world.status = status

    assert world.watch.had_ended("j", LONG_AGO)


def test_a_job_is_looked_up_once_in_fifteen_seconds_however_many_messages_come(world):
    for _ in range(100):
        assert not world.watch.had_ended("j", LONG_AGO)
    world.status = "CANCELED"
    world.now += LOOK_SECONDS - 0.1
    assert not world.watch.had_ended("j", LONG_AGO)
    world.now += 0.1

    assert [world.watch.had_ended("j", LONG_AGO) for _ in range(100)] == [True] * 100
    assert world.lookups == ["j", "j"]


def test_a_queue_without_a_backlog_costs_no_request_for_a_short_job(world):
    for _ in range(14):
        world.now += 1
        assert not world.watch.had_ended("j", world.wall - 1)

    assert world.lookups == []


def test_a_canceled_job_to_which_messages_are_still_sent_is_found_within_fifteen_seconds(world):
    world.status = "CANCELED"
    world.watch.had_ended("j", world.wall)
    world.now += 15

    assert world.watch.had_ended("j", world.wall - 6)
    assert world.lookups == ["j"]


def test_a_message_that_was_sent_after_the_lookup_may_be_of_a_reopened_job(world):
    world.status = "COMPLETED"
    assert world.watch.had_ended("j", LONG_AGO)
    world.status = "RUNNING"

    world.now += 1

    assert not world.watch.had_ended("j", world.wall)
    assert world.watch.had_ended("j", LONG_AGO)
    world.now += LOOK_SECONDS
    assert not world.watch.had_ended("j", LONG_AGO)


def test_a_message_that_was_sent_just_before_the_lookup_may_be_of_a_reopened_job(world):
    """The clocks of SQS and of this machine may be five seconds apart."""
    world.status = "COMPLETED"
    world.watch.had_ended("j", LONG_AGO)

    assert not world.watch.had_ended("j", world.wall - 5)
    assert world.watch.had_ended("j", world.wall - 5.1)


def test_a_job_that_is_being_closed_counts_as_ended(world):
    closing = Job(job_id="j", name="job", status="RUNNING", lanes=1, ending="CANCELED")

    watch = JobWatch(lambda job_id: closing, clock=lambda: world.now, utc_now=world.utc)

    assert watch.had_ended("j", LONG_AGO)


def test_a_ledger_that_does_not_answer_drops_nothing_and_is_warned_of_once(world, caplog):
    world.status = None

    for _ in range(3):
        assert not world.watch.had_ended("j", LONG_AGO)
        world.now += LOOK_SECONDS

    assert world.lookups == ["j"] * 3
    assert len(caplog.records) == 1


def test_a_ledger_that_does_not_answer_holds_up_one_lookup_and_not_one_of_each_job(world):
    world.status = None

    for number in range(100):
        assert not world.watch.had_ended(f"job-{number}", LONG_AGO)

    assert world.lookups == ["job-0"]
    world.status = "CANCELED"
    world.now += LOOK_SECONDS
    assert world.watch.had_ended("job-99", LONG_AGO)


def test_a_job_that_does_not_exist_delays_no_lookup_of_another(world):
    world.status = "missing"
    world.watch.had_ended("misspelt", LONG_AGO)
    world.status = "CANCELED"

    assert world.watch.had_ended("j", LONG_AGO)


def test_a_message_that_does_not_say_when_it_was_sent_is_never_dropped(world):
    world.status = "CANCELED"

    assert not world.watch.had_ended("j", None)


def test_only_so_many_jobs_are_remembered(world):
    for number in range(1_500):
        world.watch.had_ended(f"job-{number}", LONG_AGO)

    assert len(world.watch._known) == 1_000
    world.watch.had_ended("job-0", LONG_AGO)
    assert world.lookups.count("job-0") == 2


def test_a_handler_hears_only_of_what_was_looked_up_since_it_began(world):
    world.status = "CANCELED"
    world.watch.had_ended("j", LONG_AGO)
    world.now += 1
    began = world.now

    assert not world.watch.has_ended_since("j", began)
    world.now += LOOK_SECONDS
    world.watch.look({"j": False})
    assert world.watch.has_ended_since("j", began)


def test_a_handler_of_a_reopened_job_hears_nothing_old_while_a_lookup_is_under_way(world):
    world.status = "CANCELED"
    world.watch.had_ended("j", LONG_AGO)
    world.status = "RUNNING"
    world.now += LOOK_SECONDS
    began, heard = world.now, []
    world.meanwhile = lambda: heard.append(world.watch.has_ended_since("j", began))

    world.watch.look({"j": False})

    assert heard == [False]


def test_the_lease_of_a_job_is_known_from_its_first_lookup_which_may_be_urgent(world):
    world.lease_seconds = 10
    world.watch.had_ended("j", world.wall)
    world.watch.look({"j": False})
    assert (world.watch.lease_seconds("j"), world.lookups) == (None, [])

    world.watch.look({"j": True})
    world.watch.look({"j": True})

    assert (world.watch.lease_seconds("j"), world.lookups) == (10, ["j"])


def test_a_lookup_without_an_answer_forgets_no_lease(world):
    world.lease_seconds = 10
    world.watch.look({"j": True})
    world.status = None
    world.now += LOOK_SECONDS

    world.watch.look({"j": True})

    assert world.watch.lease_seconds("j") == 10
