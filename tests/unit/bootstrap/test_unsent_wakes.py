"""A wake that the API cannot send fails no request, and is told of."""

import json

from botocore.exceptions import ClientError

from forgeledger.bootstrap.api import api_looks
from forgeledger.jobs.model.ids import make_job_id
from tests.support.api_callers import make_world


class RefusingSqs:
    def send_message_batch(self, **_):
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "SendMessageBatch")


def test_a_wake_that_is_not_sent_is_a_metric_and_a_warning(capsys, caplog, monkeypatch):
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "ForgeLedger")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "api")
    world = make_world()
    now = world.clock.now
    looks = api_looks(RefusingSqs, "the queue", world.runtime)

    looks.wake(make_job_id(now, 0, 1), now + 1_000, None, now)

    [metric] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert (metric["WakesNotSent"], metric["service"]) == ([1.0], "api")
    assert "wakes not sent" in caplog.messages
