"""Commands as the SDK encodes them, with defaults for what a test does not name."""

from datetime import UTC, datetime

from forgeledger.sdk.command_encoder import encode
from tests.support.builders import JOB_ID

AT = datetime(2026, 11, 21, 10, 0, 0, 123456, UTC)


def make_command(kind="claim", item_id="a", number=1, **overrides):
    fields = {"job_id": JOB_ID, "command_id": f"c-{number}", "at": AT, **overrides}
    return encode(kind, fields.pop("job_id"), item_id, **fields)
