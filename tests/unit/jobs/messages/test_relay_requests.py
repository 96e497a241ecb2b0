import pytest

from forgeledger.jobs.messages.reconcile_requests import (
    InvalidRequest,
    measurements,
    read_request,
    report_body,
)
from forgeledger.jobs.messages.stream_records import (
    UnknownRecord,
    batch_response,
    read_wake,
    read_wakes,
)
from forgeledger.jobs.model.reconciliation import (
    MaintenanceReport,
    MaintenanceRequest,
    Reconciled,
    ReconcileJob,
    ReconcileOpenJobs,
    RunRound,
)
from forgeledger.jobs.model.wakes import Wake, WakeKind
from tests.support.builders import JOB_ID


def record(partition: str, sort: str, number: str = "42") -> dict[str, object]:
    keys = {"PK": {"S": partition}, "SK": {"S": sort}}
    return {"dynamodb": {"Keys": keys, "SequenceNumber": number}}


def test_a_head_and_a_fact_lead_to_their_job() -> None:
    head = read_wake(record(f"JOB#{JOB_ID}#3", "LANE"))
    fact = read_wake(record(f"JOB#{JOB_ID}", "FACT#000000000001"))

    assert head == Wake(sequence_number="42", kind=WakeKind.HEAD, job_id=JOB_ID)
    assert fact == Wake(sequence_number="42", kind=WakeKind.FACT, job_id=JOB_ID)


@pytest.mark.parametrize(
    ("partition", "sort"),
    [
        (f"JOB#{JOB_ID}#3", "ITEM#a"),
        (f"JOB#{JOB_ID}", "JOB"),
        ("JOB#no-job", "LANE"),
        (f"BOX#{JOB_ID}#3", "LANE"),
    ],
)
def test_a_record_that_should_not_have_come_is_not_passed_over(partition: str, sort: str) -> None:
    with pytest.raises(UnknownRecord):
        read_wake(record(partition, sort))


@pytest.mark.parametrize(
    "bad",
    [
        record(f"JOB#{JOB_ID}#3", "ITEM#a", "2"),
        {"dynamodb": {"SequenceNumber": "2"}},
        {"dynamodb": {"Keys": {"PK": {"N": "1"}}, "SequenceNumber": "2"}},
        {"dynamodb": {"Keys": {"PK": {"S": 1}, "SK": {"S": "LANE"}}, "SequenceNumber": "2"}},
    ],
)
def test_one_record_that_cannot_be_read_leaves_its_neighbours_alone(bad: object) -> None:
    records = [
        record(f"JOB#{JOB_ID}#3", "LANE", "1"),
        bad,
        record(f"JOB#{JOB_ID}", "FACT#000000000001", "3"),
    ]

    wakes, unread = read_wakes(records)

    assert [wake.sequence_number for wake in wakes] == ["1", "3"]
    assert list(unread) == ["2"]


@pytest.mark.parametrize("bad", [None, "text", {}, {"dynamodb": None}, {"dynamodb": {}}])
def test_a_record_without_a_name_fails_the_batch_once_the_others_are_looked_at(bad: object) -> None:
    records = [record(f"JOB#{JOB_ID}#3", "LANE", "1"), bad]

    wakes, unread = read_wakes(records)

    assert [wake.sequence_number for wake in wakes] == ["1"]
    assert batch_response(records, unread) == {"batchItemFailures": [{"itemIdentifier": ""}]}


def test_lambda_goes_on_at_the_first_record_that_failed_in_the_order_of_the_stream() -> None:
    records = [record(f"JOB#{JOB_ID}#3", "LANE", number) for number in ("8", "9", "10", "11")]

    assert batch_response(records, set()) == {"batchItemFailures": []}
    assert batch_response(records, {"10", "9"}) == {"batchItemFailures": [{"itemIdentifier": "9"}]}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"jobId": JOB_ID}, ReconcileJob(job_id=JOB_ID)),
        (
            {"jobId": JOB_ID, "recount": True, "fromLane": 3},
            ReconcileJob(job_id=JOB_ID, recount=True, from_lane=3),
        ),
        ({"running": True}, ReconcileOpenJobs()),
        ({"running": True, "recount": True}, ReconcileOpenJobs(recount=True)),
        ({"running": True, "after": JOB_ID}, ReconcileOpenJobs(after=JOB_ID)),
        ({"scheduled": True}, RunRound()),
    ],
)
def test_a_request_to_reconcile_is_read(body: object, expected: MaintenanceRequest) -> None:
    assert read_request({"reconcile": body}) == expected


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"reconcile": None},
        {"reconcile": {}},
        {"reconcile": {"running": False}},
        {"reconcile": {"running": True, "jobId": JOB_ID}},
        {"reconcile": {"jobId": 7}},
        {"reconcile": {"jobId": JOB_ID, "recount": "yes"}},
        {"reconcile": {"jobId": JOB_ID, "fromLane": -1}},
        {"reconcile": {"jobId": JOB_ID, "after": JOB_ID}},
        {"reconcile": {"running": True, "after": 1}},
        {"reconcile": {"scheduled": False}},
        {"reconcile": {"scheduled": True, "after": JOB_ID}},
    ],
)
def test_any_other_request_is_answered_with_the_form(event: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest, match="expected"):
        read_request(event)


def test_the_report_says_where_to_go_on() -> None:
    jobs = (
        Reconciled(
            job_id=JOB_ID, status="RUNNING", drifted_lanes=(1,), next_lane=5, events_published=2
        ),
        Reconciled(job_id=JOB_ID, status=None, error="StorageBusy: later"),
    )

    assert report_body(MaintenanceReport(jobs=jobs, after="after-this")) == {
        "jobs": [
            {
                "jobId": JOB_ID,
                "status": "RUNNING",
                "driftedLanes": [1],
                "busyLanes": [],
                "eventsPublished": 2,
                "nextLane": 5,
            },
            {"jobId": JOB_ID, "error": "StorageBusy: later"},
        ],
        "after": "after-this",
    }
    assert report_body(MaintenanceReport(jobs=())) == {"jobs": []}


def test_only_a_round_reports_that_it_was_run() -> None:
    other = dict(measurements(MaintenanceReport(jobs=())))
    complete = dict(measurements(MaintenanceReport(jobs=(), round_complete=True)))
    cut_short = dict(measurements(MaintenanceReport(jobs=(), round_complete=False)))

    assert not other.keys() & {"Rounds", "RoundsCutShort"}
    assert (complete["Rounds"], complete["RoundsCutShort"]) == (1, 0)
    assert (cut_short["Rounds"], cut_short["RoundsCutShort"]) == (1, 1)
