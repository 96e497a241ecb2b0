import pytest

from forgeledger.sdk.api.job_wait import Polling, wait_until_finished
from forgeledger.sdk.errors import InvalidSettingError, WaitTimeoutError
from forgeledger.sdk.records import Job


class Time:
    def __init__(self):
        self.now = 0.0
        self.naps = []

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.naps.append(seconds)
        self.now += seconds


def make_job(status="RUNNING", eta=None, **more):
    return Job(job_id="j", name="n", status=status, lanes=1, total=4, eta_seconds=eta, **more)


def wait(time, jobs, timeout=None):
    remaining = iter(jobs)
    return wait_until_finished(
        lambda: next(remaining),
        timeout_seconds=timeout,
        polling=Polling(first_seconds=1, most_seconds=4, growth=2),
        clock=time.clock,
        sleep=time.sleep,
    )


def test_the_pauses_grow_to_their_bound():
    time = Time()

    job = wait(time, [make_job()] * 5 + [make_job("FAILED")])

    assert job.status == "FAILED"
    assert time.naps == [1, 2, 4, 4, 4]


def test_a_job_that_is_nearly_done_is_asked_about_sooner():
    time = Time()

    wait(time, [make_job(), make_job(), make_job(eta=3), make_job(eta=0), make_job("COMPLETED")])

    assert time.naps == [1, 2, 1.5, 1]


def test_a_finished_job_is_not_waited_for():
    time = Time()

    wait(time, [make_job("CANCELED")], timeout=0)

    assert time.naps == []


def test_the_last_pause_is_cut_to_the_time_that_is_left():
    time = Time()

    with pytest.raises(WaitTimeoutError) as caught:
        wait(time, [make_job()] * 9, timeout=4.5)

    assert time.naps == [1, 2, 1.5]
    assert caught.value.timeout_seconds == 4.5


@pytest.mark.parametrize(
    ("more", "is_named"),
    [
        ({}, True),
        ({"sealed": True}, False),
        ({"ending": "CANCELED"}, False),
        ({"ending": "FAILED"}, False),
    ],
)
def test_that_a_job_is_not_sealed_is_reported_only_where_it_could_still_complete(more, is_named):
    error = WaitTimeoutError(make_job(**more), 5)

    assert ("not sealed" in str(error)) is is_named


@pytest.mark.parametrize("wrong", ["1", float("nan"), [1]])
def test_a_timeout_that_is_no_number_is_refused_before_anything_is_asked(wrong):
    with pytest.raises(
        InvalidSettingError, match=r"^timeout_seconds: must be a number of seconds, not"
    ):
        wait(Time(), [], timeout=wrong)
