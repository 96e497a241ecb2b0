import threading

from forgeledger.sdk.ticker import Ticker


def test_a_tick_comes_again_and_again_until_the_block_ends():
    three = threading.Semaphore(0)
    ticker = Ticker("test")

    with ticker.every(0.001, three.release):
        for _ in range(3):
            assert three.acquire(timeout=10)

    assert ticker._ticks == {}


def test_a_tick_that_raises_is_logged_and_comes_again(caplog):
    calls = threading.Semaphore(0)

    def broken():
        calls.release()
        raise RuntimeError("tick")

    with Ticker("test").every(0.001, broken):
        assert calls.acquire(timeout=10)
        assert calls.acquire(timeout=10)

    assert "tried again at the next tick" in caplog.text


def test_an_earlier_tick_wakes_a_ticker_that_sleeps_for_a_later_one():
    ticked = threading.Event()
    ticker = Ticker("test")

    with ticker.every(3_600, lambda: None), ticker.every(0.001, ticked.set):
        assert ticked.wait(10)


def test_an_interval_that_is_shortened_counts_from_the_last_call():
    now, ticker = 100.0, None
    ticked = threading.Event()
    ticker = Ticker("test", lambda: now)

    with ticker.every(30, ticked.set) as hasten:
        now += 6
        hasten(10)
        (tick,) = ticker._ticks.values()
        assert (tick.due_at, tick.every_seconds) == (110, 10)
        hasten(20)
        assert (tick.due_at, tick.every_seconds) == (110, 10)


def test_a_shortened_interval_wakes_a_ticker_that_sleeps_for_a_longer_one():
    ticked = threading.Event()

    with Ticker("test").every(3_600, ticked.set) as hasten:
        hasten(0.001)
        assert ticked.wait(4)


def test_no_interval_means_no_ticks():
    ticker = Ticker("test")

    with ticker.every(None, lambda: None), ticker.every(0, lambda: None):
        assert ticker._ticks == {}
    assert not ticker._running


def test_an_idle_thread_ends_and_the_next_tick_starts_another(monkeypatch):
    monkeypatch.setattr("forgeledger.sdk.ticker._IDLE_SECONDS", 0.01)
    ticker = Ticker("idle")
    for _ in range(2):
        ticked = threading.Event()
        with ticker.every(0.001, ticked.set):
            assert ticked.wait(10)
        for thread in threading.enumerate():
            if thread.name == "idle":
                thread.join(10)
        assert not ticker._running


def test_many_short_blocks_share_one_thread():
    ticker = Ticker("shared")

    for _ in range(100):
        with ticker.every(3_600, lambda: None):
            pass

    assert [thread.name for thread in threading.enumerate()].count("shared") == 1


def test_a_block_runs_unticked_where_no_thread_can_start(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    ticker = Ticker("test")

    with ticker.every(1, lambda: None):
        assert not ticker._running
