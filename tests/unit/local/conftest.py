"""Fixtures of several tests of the local cloud."""

import pytest

from forgeledger.local.checkpoints import CheckpointFile
from forgeledger.local.stack import StreamMapping
from forgeledger.local.stream_poller import StreamPoller
from tests.support.fake_streams import ARN


@pytest.fixture
def poller_of(tmp_path):
    def build(streams, function, *, engine="run-1", sent=None, **options):
        options = {"starting_position": "TRIM_HORIZON", "reports_failures": True, **options}
        mapping = StreamMapping(
            mapping_id="m",
            function="RelayFunction",
            stream_arn=ARN,
            on_failure_arn="arn:aws:sqs:us-east-1:000000000000:failures",
            **options,
        )
        return StreamPoller(
            mapping,
            function,
            streams,
            function_arn="arn:function",
            engine=engine,
            checkpoints=CheckpointFile(tmp_path / "m.json"),
            send_failure=lambda arn, body: (sent if sent is not None else []).append((arn, body)),
        )

    return build
