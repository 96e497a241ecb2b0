"""Forks and ends of processes, each in its own interpreter."""

import gc
import subprocess
import sys
import textwrap
import weakref
from types import SimpleNamespace

import pytest

from forgeledger.jobs.model.ids import make_job_id
from forgeledger.sdk import Backoff, Reporter, UndeliveredError
from forgeledger.sdk.report import process_hooks
from forgeledger.sdk.seams import Seams, with_seams
from tests.support.fake_queues import Fault

START = """
import json, os, sys, time
from forgeledger.sdk import Backoff, Reporter, OutboxLimits
from forgeledger.sdk.seams import Seams, with_seams
from forgeledger.jobs.model.ids import make_job_id

JOB = make_job_id(1, 1, 4)

class Queue:
    def send_message_batch(self, **request):
        for entry in request["Entries"]:
            for command in json.loads(entry["MessageBody"])["commands"]:
                line = f"{os.getpid() == PARENT} {command['itemId']} {command['workerId']}\\n"
                os.write(1, line.encode())
        return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}

PARENT = os.getpid()

def reporter_on(make_client, **options):
    limits = OutboxLimits(linger_seconds=3600)
    seamed = with_seams(Reporter, Seams(make_client=make_client))
    return seamed(command_queue_url="http://q", limits=limits, **options)

reporter = reporter_on(Queue)
"""


def reporter_on(queue, **options):
    seamed = with_seams(Reporter, Seams(make_client=lambda: queue))
    return seamed(command_queue_url="http://q", background=False, **options)


def run(script, check=True):
    done = subprocess.run(
        [sys.executable, "-c", START + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not check or done.returncode == 0, done.stderr
    return [tuple(line.split()[:2]) for line in done.stdout.splitlines()], done


def test_what_waits_is_sent_when_the_process_ends():
    sent, _ = run('reporter.complete(JOB, "a")')

    assert sent == [("True", "a")]


@pytest.mark.parametrize("background", [True, False])
def test_what_waits_is_sent_also_of_a_reporter_that_nobody_holds_any_more(background):
    sent, _ = run(f"""
        import gc
        def report(item):
            reporter_on(Queue, background={background}).complete(JOB, item)
        report("a")
        report("b")
        gc.collect()
    """)

    assert sorted(sent) == [("True", "a"), ("True", "b")]


def test_a_reporter_with_nothing_pending_is_released(queue):
    reporter = reporter_on(queue)
    reference = weakref.ref(reporter)
    reporter.complete(make_job_id(1, 1, 4), "a")
    del reporter
    gc.collect()
    pending = reference()
    assert pending is not None

    assert pending.flush().is_complete
    gc.disable()
    try:
        del pending
        assert reference() is None
    finally:
        gc.enable()
    assert len(queue.arrivals) == 1


def test_a_reporter_that_reported_what_is_left_is_not_kept_alive_for_it(queue):
    queue.fault = lambda number, entries: Fault(refused=frozenset({0}))
    reporter = reporter_on(queue, backoff=Backoff(attempts=1, first_seconds=0.001))
    reference = weakref.ref(reporter)
    reporter.complete(make_job_id(1, 1, 4), "a")

    with pytest.raises(UndeliveredError) as caught:
        reporter.close()
    del reporter, caught
    gc.collect()

    assert reference() is None


def test_at_the_end_all_reporters_together_take_the_time_of_one(monkeypatch, queue):
    clock = iter((0.0, 0.0, 25.0, 40.0))
    given = []

    class Waiting:
        def at_exit(self, spent_seconds):
            given.append(spent_seconds)

    with monkeypatch.context() as patched:
        patched.setattr(process_hooks, "_registered", [Waiting(), Waiting(), Waiting()])
        patched.setattr(process_hooks, "time", SimpleNamespace(monotonic=lambda: next(clock)))
        process_hooks._at_exit()
    reporter = reporter_on(queue)
    reporter.complete(make_job_id(1, 1, 4), "a")
    reporter.at_exit(spent_seconds=3_600)

    assert given == [0.0, 25.0, 40.0]
    assert len(queue.arrivals) == 1


def test_what_waits_is_sent_when_the_process_ends_by_an_error():
    sent, done = run('reporter.complete(JOB, "a")\nraise SystemExit(3)', check=False)

    assert sent == [("True", "a")]
    assert done.returncode == 3


def test_what_cannot_be_sent_at_the_end_is_said():
    _, done = run("""
        import logging
        class Denied:
            def send_message_batch(self, **request):
                return {"Failed": [{"Id": "0", "Code": "No", "SenderFault": True}]}
        reporter = reporter_on(Denied)
        reporter.complete(JOB, "a")
    """)

    assert "1 refused for good" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_forked_child_sends_its_own_commands_and_none_of_its_parents():
    sent, done = run("""
        reporter.complete(JOB, "of-parent")
        child = os.fork()
        if child == 0:
            reporter.complete(JOB, "of-child")
            reporter.flush()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        reporter.complete(JOB, "of-parent-later")
        reporter.flush()
    """)

    assert sorted(sent) == [
        ("False", "of-child"),
        ("True", "of-parent"),
        ("True", "of-parent-later"),
    ]
    names = {line.split()[2] for line in done.stdout.splitlines()}
    assert len(names) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_fork_while_another_thread_sends_does_not_block_the_child():
    sent, _ = run("""
        import threading
        sending, go_on = threading.Event(), threading.Event()
        class Slow(Queue):
            def send_message_batch(self, **request):
                if os.getpid() == PARENT:
                    sending.set()
                    go_on.wait(30)
                return super().send_message_batch(**request)
        reporter = reporter_on(Slow)
        reporter.complete(JOB, "a")
        threading.Thread(target=reporter.flush).start()
        sending.wait(30)
        with reporter._sender._changed:
            child = os.fork()
            if child == 0:
                with reporter.item(JOB, "b"):
                    pass
                reporter.flush()
                os._exit(0)
        status = os.waitpid(child, 0)[1]
        go_on.set()
        assert status == 0
    """)

    assert sorted(sent) == [("False", "b"), ("False", "b"), ("True", "a")]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_of_multiprocessing_sends_what_waits_when_it_ends(method, tmp_path):
    if sys.platform == "win32" and method == "fork":
        pytest.skip("Windows has no fork")
    script = tmp_path / "script.py"
    work = """
def work(item):
    reporter.complete(JOB, item)

if __name__ == "__main__":
    import multiprocessing
    context = multiprocessing.get_context(sys.argv[1])
    processes = [context.Process(target=work, args=(name,)) for name in "ab"]
    for process in processes: process.start()
    for process in processes: process.join()
    with context.Pool(1) as pool:
        pool.map(work, "c")
        pool.close()
        pool.join()
"""
    script.write_text(START + work)

    done = subprocess.run(
        [sys.executable, str(script), method],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert sorted(line.split()[1] for line in done.stdout.splitlines()) == ["a", "b", "c"]
