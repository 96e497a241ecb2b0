import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgeledger.sdk.api.registration import RegistrationOptions, chunks, register_all
from forgeledger.sdk.errors import InvalidSettingError, NoAnswerError, RegistrationStoppedError
from forgeledger.sdk.records import Registration

items = st.one_of(
    st.text(min_size=1, max_size=20),
    st.fixed_dictionaries({"itemId": st.just("x"), "payload": st.just("x" * 300_000)}),
)


@given(st.lists(items, max_size=40), st.integers(1, 12))
def test_chunks_hold_every_item_once_in_order_and_keep_both_limits(everything, most):
    cut = list(chunks(iter(everything), most))

    assert [item for chunk in cut for item in chunk] == everything
    assert all(1 <= len(chunk) <= most for chunk in cut)
    large = [sum(not isinstance(item, str) for item in chunk) for chunk in cut]
    assert max(large, default=0) <= 10


def test_only_a_few_chunks_are_in_memory_whatever_the_length():
    taken, answered, most_ahead = 0, 0, 0
    lock = threading.Lock()

    def endless():
        nonlocal taken, most_ahead
        for number in range(5_000):
            with lock:
                taken += 1
                most_ahead = max(most_ahead, taken - answered)
            yield f"item-{number}"

    def send(chunk, seals):
        nonlocal answered
        with lock:
            answered += len(chunk)
        return Registration(registered=len(chunk))

    total = register_all(chunks(endless(), 100), send, seal=False, parallel=3)

    assert total.registered == 5_000
    assert most_ahead <= (3 + 3) * 100


def test_several_requests_are_on_their_way_at_once():
    together = threading.Barrier(3, timeout=20)

    def send(chunk, seals):
        together.wait()
        return Registration(registered=len(chunk))

    total = register_all(chunks("abc", 1), send, seal=False, parallel=3)

    assert total.registered == 3


def test_what_was_on_its_way_when_another_chunk_failed_counts():
    failed = threading.Event()

    def send(chunk, seals):
        if chunk == ["b"]:
            failed.set()
            raise NoAnswerError("POST", "u", "gone")
        assert failed.wait(20)
        return Registration(registered=1)

    with pytest.raises(RegistrationStoppedError) as caught:
        register_all(chunks("abc", 1), send, seal=False, parallel=3)

    assert caught.value.registration.sent in (1, 2)


@pytest.mark.parametrize("number", range(3))
def test_what_was_answered_together_with_a_failure_counts(number):
    """Whichever request failed, and in whatever order the answers are read."""
    answers = threading.Semaphore(0)

    def given():
        yield from "01234"
        # By now three chunks are in flight.
        assert all(answers.acquire(timeout=5) for _ in range(3))
        yield "5"

    def send(chunk, seals):
        answers.release()
        if chunk == [str(number)]:
            raise NoAnswerError("POST", "u", "gone")
        return Registration(registered=1)

    with pytest.raises(RegistrationStoppedError) as caught:
        register_all(chunks(given(), 1), send, seal=False, parallel=7)

    assert caught.value.registration.sent == 5


def test_an_iterable_that_breaks_breaks_the_registration_with_its_own_error():
    def broken():
        yield "a"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        register_all(
            chunks(broken(), 1),
            lambda chunk, seals: Registration(registered=1),
            seal=False,
            parallel=4,
        )


@pytest.mark.parametrize(
    "wrong", [{"chunk_items": 0}, {"chunk_items": 1_001}, {"parallel": 0}, {"parallel": "4"}]
)
def test_options_that_no_registration_could_follow_are_refused_by_name(wrong):
    with pytest.raises(InvalidSettingError, match=f"^{next(iter(wrong))}: must be a whole number"):
        RegistrationOptions(**wrong)
