import io
import json

import pytest

from forgeledger.cli import exit_codes
from forgeledger.errors import JobNotFound, StorageBusy
from forgeledger.jobs.model.ids import make_job_id

JOB = make_job_id(1_795_255_200_000, 1, 4)
WHERE = {"FORGELEDGER_RELAY_FUNCTION": "relay"}


class FakeLambda:
    """Returns its answers in order and records the requests."""

    def __init__(self, *answers, error=None):
        self.answers = list(answers)
        self.error = error
        self.requests = []

    def invoke(self, **request):
        assert request["FunctionName"] == "relay"
        self.requests.append(json.loads(request["Payload"])["reconcile"])
        if self.error is not None:
            payload = io.BytesIO(json.dumps(self.error).encode())
            return {"FunctionError": "Unhandled", "Payload": payload}
        return {"Payload": io.BytesIO(json.dumps(self.answers.pop(0)).encode())}


def job(job_id=JOB, **more):
    return {
        "jobId": job_id,
        "status": "RUNNING",
        "driftedLanes": [],
        "busyLanes": [],
        "eventsPublished": 1,
        **more,
    }


def test_one_job_is_reconciled(forgeledger, clients):
    clients["lambda"] = FakeLambda({"jobs": [job()]})

    ended = forgeledger("reconcile", JOB, **WHERE)

    assert (ended.code, ended.out) == (0, f"{JOB}  RUNNING, 1 event published\n")
    assert clients["lambda"].requests == [{"jobId": JOB}]


def test_a_recount_continues_lane_by_lane_and_reports_what_was_wrong(forgeledger, clients):
    clients["lambda"] = FakeLambda(
        {"jobs": [job(driftedLanes=[1], nextLane=3)]}, {"jobs": [job(busyLanes=[3])]}
    )

    ended = forgeledger("reconcile", JOB, "--recount", **WHERE)

    assert ended.code == exit_codes.NOT_AS_HOPED
    assert "counts corrected in lanes 1" in ended.lines[0]
    assert "counts wrong in lanes that are too busy to be corrected: 3" in ended.lines[1]
    assert ended.lines[2] == "4 lanes counted, 2 wrong, 1 of them too busy to be corrected"
    assert clients["lambda"].requests == [
        {"jobId": JOB, "recount": True},
        {"jobId": JOB, "recount": True, "fromLane": 3},
    ]


def test_a_recount_that_finds_nothing_wrong_says_what_it_counted(forgeledger, clients):
    clients["lambda"] = FakeLambda({"jobs": [job()]}, {"jobs": [job()]})

    for_people = forgeledger("reconcile", JOB, "--recount", **WHERE)
    for_programs = forgeledger("reconcile", JOB, "--recount", "--json", **WHERE)

    assert (for_people.code, for_people.lines[1:]) == (0, ["4 lanes counted, 0 wrong"])
    assert [json.loads(line)["jobId"] for line in for_programs.lines] == [JOB]


def test_a_job_that_could_not_be_reconciled_is_reported_and_does_not_stop_the_others(
    forgeledger, clients
):
    broken = {"jobId": JOB, "error": "StorageBusy: later"}
    clients["lambda"] = FakeLambda({"jobs": [broken, job()]})

    ended = forgeledger("reconcile", "--running", **WHERE)

    assert ended.code == exit_codes.NOT_AS_HOPED
    assert ended.lines == [f"{JOB}  StorageBusy: later", f"{JOB}  RUNNING, 1 event published"]


def test_all_open_jobs_are_reconciled_page_by_page(forgeledger, clients):
    clients["lambda"] = FakeLambda({"jobs": [job()], "after": JOB}, {"jobs": []})

    ended = forgeledger("reconcile", "--running", "--json", **WHERE)

    assert [json.loads(line)["jobId"] for line in ended.lines] == [JOB]
    assert clients["lambda"].requests == [{"running": True}, {"running": True, "after": JOB}]


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        (("--running",), [{"jobs": [], "after": JOB}] * 3),
        ((JOB, "--recount"), [{"jobs": [job(nextLane=0)]}] * 3),
    ],
)
def test_a_relay_that_makes_no_progress_is_not_invoked_forever(
    forgeledger, clients, words, answers
):
    clients["lambda"] = FakeLambda(*answers)

    ended = forgeledger("reconcile", *words, **WHERE)

    assert ended.code == exit_codes.UNREACHABLE
    assert "longer than the relay's time limit" in ended.err


@pytest.mark.parametrize(
    ("error", "line", "code"),
    [
        (JobNotFound(JOB), f"unknown_job: There is no job {JOB}.", exit_codes.NOT_FOUND),
        (
            StorageBusy("lane", 3),
            "StorageBusy: lane: still busy after 3 attempts",
            exit_codes.UNREACHABLE,
        ),
    ],
)
def test_an_error_of_the_function_is_one_line(forgeledger, clients, error, line, code):
    answer = {"errorType": type(error).__name__, "errorMessage": str(error)}
    clients["lambda"] = FakeLambda(error=answer)

    ended = forgeledger("reconcile", JOB, **WHERE)

    assert (ended.code, ended.err) == (code, f"forgeledger: {line}\n")


@pytest.mark.parametrize(
    ("words", "mistake"),
    [
        ((), "JOB_ID: give either one job or --running"),
        ((JOB, "--running"), "JOB_ID: give either"),
        (("--running", "--recount"), "--recount: goes with one JOB_ID"),
        (("x",), "unknown_job: There is no job x."),
    ],
)
def test_a_mistake_is_one_line(forgeledger, words, mistake):
    ended = forgeledger("reconcile", *words, **WHERE)

    assert ended.code in {exit_codes.USAGE, exit_codes.NOT_FOUND}
    assert ended.err.startswith(f"forgeledger: {mistake}")
