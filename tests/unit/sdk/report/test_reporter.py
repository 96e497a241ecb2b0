import threading

import pytest

from forgeledger.jobs.model.ids import lane_of, lanes_of, make_job_id
from forgeledger.sdk.errors import BufferFullError, ConfigurationError, InvalidCommandError
from forgeledger.sdk.failure import Failure
from forgeledger.sdk.report.reporter import Reporter
from tests.support.builders import JOB_ID
from tests.support.fake_queues import THROTTLED, FakeCommandQueue, Fault, failing_until

LANES = lanes_of(JOB_ID)


def test_commands_say_which_dispatch_they_are_for(reporter, queue):
    reporter.claim(JOB_ID, "a", attempt=5, dispatch=3)
    reporter.heartbeat(JOB_ID, "a", attempt=5, dispatch=3)
    reporter.release(JOB_ID, "a", dispatch=3)
    reporter.complete(JOB_ID, "b", dispatch=3)
    reporter.fail(JOB_ID, "c", "too many requests", dispatch=3, retry_after_seconds=0)

    reporter.flush()

    assert [command["dispatch"] for command in queue.commands] == [3] * 5
    assert [command.get("retryAfterSeconds") for command in queue.commands].count(0) == 1


def test_every_kind_of_command_reaches_the_queue_in_order(reporter, queue):
    reporter.claim(JOB_ID, "a", attempt=1, lease_seconds=30)
    reporter.heartbeat(JOB_ID, "a", attempt=1, lease_seconds=30)
    reporter.release(JOB_ID, "a", attempt=1)
    reporter.complete(JOB_ID, "a", result={"pages": 3})
    reporter.fail(JOB_ID, "a", ValueError("bad"), attempt=2)
    reporter.fail(JOB_ID, "a", Failure(type="Timeout", retryable=False))

    delivery = reporter.flush()

    assert delivery.delivered == 6
    assert delivery.is_complete
    sent = [
        {name: value for name, value in command.items() if name not in ("commandId", "at")}
        for command in queue.commands
    ]
    common = {"jobId": JOB_ID, "itemId": "a", "workerId": "w-1"}
    assert sent == [
        {"type": "claim", **common, "attempt": 1, "leaseSeconds": 30},
        {"type": "heartbeat", **common, "attempt": 1, "leaseSeconds": 30},
        {"type": "release", **common, "attempt": 1},
        {"type": "complete", **common, "result": {"pages": 3}},
        {
            "type": "fail",
            **common,
            "attempt": 2,
            "error": {"type": "ValueError", "message": "bad", "retryable": True},
        },
        {
            "type": "fail",
            **common,
            "error": {"type": "Timeout", "message": "", "retryable": False},
        },
    ]


def test_many_items_travel_in_few_messages_and_requests(reporter, queue):
    for number in range(1_000):
        reporter.claim(JOB_ID, f"item-{number}")
        reporter.complete(JOB_ID, f"item-{number}")

    delivery = reporter.flush()

    assert delivery.delivered == 2_000
    assert len(queue.calls) == 2
    assert len(queue.arrivals) <= 8


def test_each_command_has_an_id_of_its_own(reporter, queue):
    for _ in range(3):
        reporter.complete(JOB_ID, "a")

    reporter.flush()

    assert len({command["commandId"] for command in queue.commands}) == 3


def test_a_full_buffer_sends_before_it_takes_more(make_reporter, queue):
    reporter = make_reporter(commands=3)

    for number in range(10):
        reporter.complete(JOB_ID, f"item-{number}")

    assert len(reporter.undelivered()) <= 3
    assert reporter.flush().delivered == 10


def test_a_buffer_that_stays_full_is_a_typed_error(make_reporter, queue):
    queue.fault = failing_until(99, THROTTLED)
    reporter = make_reporter(commands=1, block_seconds=0.02)
    reporter.complete(JOB_ID, "a")

    with pytest.raises(BufferFullError, match="slower, please") as caught:
        reporter.complete(JOB_ID, "b")

    assert caught.value.pending == 1
    assert [command.item_id for command in reporter.undelivered()] == ["a"]


def test_a_caller_waits_while_others_make_room(make_reporter, queue):
    queue.fault = failing_until(2, THROTTLED)
    reporter = make_reporter(commands=1)
    reporter.complete(JOB_ID, "a")

    reporter.complete(JOB_ID, "b")

    assert queue.reported() == [("complete", "a")]


def test_reports_of_many_threads_keep_each_threads_order(make_reporter, queue):
    reporter = make_reporter(background=True, commands=200)

    def work(thread):
        for number in range(200):
            reporter.claim(JOB_ID, f"{thread}-{number}")
            reporter.complete(JOB_ID, f"{thread}-{number}")

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert reporter.flush().delivered == 1_600
    order = {(thread, lane): [] for thread in "abcd" for lane in range(LANES)}
    for kind, item in queue.reported():
        order[item[0], lane_of(item, LANES)].append((kind, item))
    assert order == {
        (thread, lane): [
            (kind, item)
            for item in (f"{thread}-{number}" for number in range(200))
            if lane_of(item, LANES) == lane
            for kind in ("claim", "complete")
        ]
        for thread, lane in order
    }


def test_the_background_thread_sends_without_being_asked(make_reporter):
    arrived = threading.Event()

    class Arrivals(FakeCommandQueue):
        def send_message_batch(self, **request):
            answer = super().send_message_batch(**request)
            if len(self.commands) == 2:
                arrived.set()
            return answer

    queue = Arrivals()
    reporter = make_reporter(background=True, make_client=lambda: queue)

    reporter.claim(JOB_ID, "a")
    reporter.complete(JOB_ID, "a")

    assert arrived.wait(10)
    assert queue.reported() == [("claim", "a"), ("complete", "a")]


def test_a_client_that_breaks_neither_ends_the_thread_nor_loses_commands(make_reporter, caplog):
    broken, arrived = threading.Event(), threading.Event()

    class Broken:
        def send_message_batch(self, **request):
            if not broken.is_set():
                broken.set()
                raise RuntimeError("a bug")
            arrived.set()
            return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}

    reporter = make_reporter(background=True, make_client=Broken)

    reporter.complete(JOB_ID, "a")

    assert broken.wait(10)
    assert arrived.wait(10)
    assert "they stay in the buffer" in caplog.text


def test_the_callback_is_called_when_a_command_is_delivered(make_reporter, queue):
    queue.fault = failing_until(1, THROTTLED)
    outcomes = []
    reporter = make_reporter()

    reporter.claim(JOB_ID, "a", on_delivery=lambda taken: outcomes.append(("claim", taken)))
    reporter.complete(JOB_ID, "a", on_delivery=lambda taken: outcomes.append(("complete", taken)))
    assert outcomes == []
    reporter.flush()

    assert outcomes == [("claim", True), ("complete", True)]


def test_the_callback_is_called_when_sqs_will_never_accept_a_command(make_reporter, queue):
    queue.fault = failing_until(1, Fault(refused_for_good=frozenset({0})))
    outcomes = []
    reporter = make_reporter()
    reporter.release(JOB_ID, "a", on_delivery=outcomes.append)

    reporter.flush()

    assert outcomes == [False]


def test_an_invalid_command_takes_no_room(reporter):
    with pytest.raises(InvalidCommandError):
        reporter.claim("nonsense", "a")

    assert reporter.undelivered() == []


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((JOB_ID, 5), "itemId: must be text of 1 to 256 characters, not 5"),
        ((JOB_ID, None), "itemId: must be text of 1 to 256 characters, not None"),
        ((5, "a"), "jobId: 5 is not the id of a job"),
        ((None, "a"), "jobId: None is not the id of a job"),
    ],
)
def test_a_name_that_is_no_text_is_reported_as_any_other_wrong_value(reporter, names, message):
    for report in (reporter.claim, reporter.heartbeat, reporter.complete, reporter.release):
        with pytest.raises(InvalidCommandError) as caught:
            report(*names)
        assert str(caught.value) == message


def test_jobs_of_different_widths_go_by_their_own_lanes(reporter, queue):
    wide = make_job_id(1, 2, 64)
    reporter.complete(wide, "a")
    reporter.complete(JOB_ID, "a")

    reporter.flush()

    groups = {entry["MessageGroupId"].rpartition("#")[0] for entry in queue.arrivals}
    assert groups == {wide, JOB_ID}


def test_without_a_queue_the_missing_name_is_reported(monkeypatch):
    monkeypatch.delenv("FORGELEDGER_COMMAND_QUEUE_URL", raising=False)

    with pytest.raises(ConfigurationError, match="FORGELEDGER_COMMAND_QUEUE_URL"):
        Reporter()


def test_a_process_has_a_name_unless_it_is_given_one(make_reporter):
    assert make_reporter(worker_id=None).worker_id
    assert make_reporter(worker_id="mine").worker_id == "mine"


def test_an_idle_thread_ends_and_the_next_command_starts_another(make_reporter, monkeypatch, queue):
    monkeypatch.setattr("forgeledger.sdk.report.background_sender._IDLE_SECONDS", 0.01)
    reporter = make_reporter(background=True)
    reporter.complete(JOB_ID, "a")
    reporter.flush()
    first = reporter._sender._thread
    if first is not None:
        first.join(10)

    reporter.complete(JOB_ID, "b")
    second = reporter._sender._thread

    assert second is not first
    assert reporter.flush().delivered == 2


def test_a_thread_that_cannot_start_leaves_the_sending_to_flush(make_reporter, monkeypatch, queue):
    def refuse(self):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    reporter = make_reporter(background=True)

    reporter.complete(JOB_ID, "a")

    assert reporter.flush().delivered == 1
