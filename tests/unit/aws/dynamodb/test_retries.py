"""Requests that are retried: how often, and after which pauses."""

import pytest

from forgeledger.aws.dynamodb.retries import Retrying
from forgeledger.errors import StorageBusy
from tests.support.fake_dynamodb import no_answer, refusal


def test_waits_grow_up_to_a_bound() -> None:
    pauses: list[float] = []
    retrying = Retrying(sleep=pauses.append, draw=lambda: 1.0)

    with pytest.raises(StorageBusy):
        retrying.call("anything", _busy)

    assert pauses == [0.02, 0.04, 0.08, 0.16, 0.32, 0.5, 0.5]


def test_no_answer_is_waited_for_twice_at_the_most() -> None:
    errors = iter([no_answer(), refusal("ThrottlingException"), no_answer()])

    def attempt() -> None:
        raise next(errors)

    with pytest.raises(StorageBusy) as caught:
        Retrying(sleep=lambda seconds: None).call("anything", attempt)

    assert caught.value.attempts == 3


def _busy() -> None:
    raise refusal("ThrottlingException")
