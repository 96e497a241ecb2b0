import json

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from forgeledger.errors import EventsRefused
from forgeledger.jobs.messages.event_bus import EventBridgePublisher
from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.model.lanes import Counts
from forgeledger.runtime import Runtime
from tests.support.builders import JOB_ID, NOW, make_job
from tests.support.time_left import always


class Bus:
    """Refuses events by their id, each the given number of times."""

    def __init__(self, refusals: dict[str, int], code: str = "ThrottlingException") -> None:
        self.refusals = refusals
        self.code = code
        self.requests: list[list[str]] = []
        self.accepted: list[str] = []

    def put_events(self, *, Entries: list[dict[str, object]]) -> dict[str, object]:  # noqa: N803 - boto3's spelling.
        names = [str(json.loads(str(entry["Detail"]))["eventId"]) for entry in Entries]
        self.requests.append(names)
        return {"Entries": [self._answer(name) for name in names]}

    def _answer(self, name: str) -> dict[str, str]:
        if self.refusals.get(name, 0):
            self.refusals[name] -= 1
            return {"ErrorCode": self.code, "ErrorMessage": "slower"}
        self.accepted.append(name)
        return {"EventId": "1"}


def facts(count: int) -> list[Fact]:
    return [
        Fact(
            number=number,
            kind=FactKind.REOPENED,
            epoch=number,
            at=NOW,
            status=JobStatus.RUNNING,
            counts=Counts(),
            duration_ms=0,
        )
        for number in range(count)
    ]


def event_ids(count: int) -> list[str]:
    return [f"{JOB_ID}:{number}:job.reopened" for number in range(count)]


def publish(bus: Bus, count: int) -> list[float]:
    pauses: list[float] = []
    runtime = Runtime(sleep=pauses.append, draw=lambda: 0.5)
    publisher = EventBridgePublisher(lambda: bus, "the-bus", runtime)
    publisher.publish(make_job(), facts(count), always)
    return pauses


def test_at_most_ten_go_in_a_request_in_order() -> None:
    bus = Bus({})

    publish(bus, 23)

    assert [len(names) for names in bus.requests] == [10, 10, 3]
    assert bus.accepted == event_ids(23)


def test_nothing_to_publish_is_no_request() -> None:
    bus = Bus({})

    publish(bus, 0)

    assert bus.requests == []


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalFailure"])
def test_only_what_was_refused_is_sent_again_whatever_for(code: str) -> None:
    refused = event_ids(3)[1]
    bus = Bus({refused: 2}, code)

    pauses = publish(bus, 3)

    assert bus.requests == [event_ids(3), [refused], [refused]]
    assert len(pauses) == 2


class FailingBus(Bus):
    """Raises these errors first."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__({})
        self.errors = list(errors)

    def put_events(self, *, Entries: list[dict[str, object]]) -> dict[str, object]:  # noqa: N803 - boto3's spelling.
        if self.errors:
            raise self.errors.pop(0)
        return super().put_events(Entries=Entries)


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "PutEvents")


def test_a_call_that_fails_for_a_reason_that_passes_is_made_again() -> None:
    lost = EndpointConnectionError(endpoint_url="https://bus")
    bus = FailingBus(client_error("ThrottlingException"), lost)

    pauses = publish(bus, 2)

    assert bus.requests == [event_ids(2)]
    assert len(pauses) == 2


def test_an_answer_is_waited_for_twice_at_the_most() -> None:
    lost = EndpointConnectionError(endpoint_url="https://bus")
    bus = FailingBus(lost, client_error("ThrottlingException"), lost, lost)

    with pytest.raises(EndpointConnectionError):
        publish(bus, 1)

    assert bus.errors == [lost]


def test_a_call_that_is_not_allowed_is_made_once() -> None:
    bus = FailingBus(client_error("AccessDeniedException"))

    with pytest.raises(ClientError):
        publish(bus, 1)

    assert bus.requests == []


def test_without_time_a_failed_call_is_not_made_again() -> None:
    bus = FailingBus(client_error("ThrottlingException"))
    publisher = EventBridgePublisher(lambda: bus, "the-bus", Runtime())

    with pytest.raises(ClientError):
        publisher.publish(make_job(), facts(1), lambda: False)

    assert bus.requests == []


def test_what_is_refused_again_and_again_is_an_error() -> None:
    bus = Bus({event_ids(1)[0]: 99})

    with pytest.raises(EventsRefused) as raised:
        publish(bus, 1)

    assert raised.value.codes == ("ThrottlingException",)
    assert len(bus.requests) == 12
