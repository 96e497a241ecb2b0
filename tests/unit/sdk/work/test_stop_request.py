import os
import signal
import threading

import pytest

from forgeledger.sdk.work.stop_request import StopRequest


def test_asking_ends_the_wait_and_every_pause():
    request = StopRequest()
    threading.Timer(0.01, request.ask).start()

    request.wait()
    request.pause(60)

    assert request.is_asked()


def test_what_was_asked_for_before_is_not_waited_for_again():
    request = StopRequest()
    request.ask()

    request.wait()
    request.wait()

    assert request.is_asked()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
def test_a_signal_in_the_middle_of_asking_stands_in_nobodys_way():
    request = StopRequest()

    with request.by_signals(), request._asked._cond:
        # Setting the event takes this lock, which is not reentrant.
        signal.raise_signal(signal.SIGTERM)
    request.wait()

    assert request.is_asked()


def test_outside_the_main_thread_signals_are_left_alone():
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def listen():
        with StopRequest().by_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()

    assert seen == [before]
