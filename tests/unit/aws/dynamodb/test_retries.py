"""Requests that are retried: how often, and after which pauses."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from forgeledger.aws import clients
from forgeledger.aws.dynamodb.retries import Retrying
from forgeledger.errors import StorageBusy
from forgeledger.runtime import REQUEST_MS
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


@pytest.mark.parametrize("answer_seconds", [0.5, 1.5, 2.9])
@pytest.mark.parametrize(
    "answer",
    [
        lambda: refusal("ThrottlingException"),
        lambda: refusal("InternalServerError", status=500),
        lambda: refusal("ReplicatedWriteConflictException"),
    ],
)
def test_slow_refusals_take_no_longer_than_an_invocation_leaves_for_a_request(
    answer: Callable[[], ClientError], answer_seconds: float
) -> None:
    now = 0.0

    def pass_seconds(seconds: float) -> None:
        nonlocal now
        now += seconds

    def attempt() -> None:
        pass_seconds(answer_seconds)
        raise answer()

    with pytest.raises(StorageBusy):
        Retrying(sleep=pass_seconds, draw=lambda: 1.0, clock=lambda: now).call("anything", attempt)

    assert now * 1_000 < REQUEST_MS


def test_an_attempt_that_starts_last_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    retrying, config = Retrying(), clients.dynamodb().meta.config

    longest = config.connect_timeout + config.read_timeout + retrying.longest_pause_seconds

    assert (retrying.last_attempt_seconds + longest) * 1_000 < REQUEST_MS


def _busy() -> None:
    raise refusal("ThrottlingException")
