"""No handler writes a secret, whatever level the root logger has and whatever else is loaded."""

import io
import logging
import secrets
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.api_callers import http_event
from tests.support.function_stage import JOB_ID, Stage, sample
from tests.support.ledger_table import create_idempotency_table

pytestmark = pytest.mark.integration

LIBRARIES = ("botocore", "urllib3")
# Drawn anew for each run, so that no other text contains them.
API_KEY, OLD_API_KEY, WRONG_API_KEY, SECRET_KEY, SESSION_TOKEN = (
    secrets.token_hex(16) for _ in range(5)
)


@pytest.fixture
def root_log() -> Iterator[io.StringIO]:
    """What the root logger writes at DEBUG, as with Lambda's own level; nothing is held yet."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    loggers = [logging.getLogger(name) for name in (None, *LIBRARIES)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.NOTSET)
    loggers[0].setLevel(logging.DEBUG)
    loggers[0].addHandler(handler)
    yield written
    loggers[0].removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture
def debug_stage(stage: Stage, aws: Any, monkeypatch: pytest.MonkeyPatch) -> Stage:
    create_idempotency_table(stage.client, f"{stage.name}-idempotency")
    aws.client("ssm").put_parameter(
        Name=f"/{stage.name}", Value=f"{OLD_API_KEY}\n{API_KEY}", Type="SecureString"
    )
    for variable, value in {
        "FORGELEDGER_API_KEY_PARAMETER": f"/{stage.name}",
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_SESSION_TOKEN": SESSION_TOKEN,
        "POWERTOOLS_LOG_LEVEL": "DEBUG",
    }.items():
        monkeypatch.setenv(variable, value)
    return stage


def requests() -> list[dict[str, Any]]:
    key = {"x-api-key": API_KEY}
    body = {"name": "n", "items": ["a"], "unknown": 1}
    return [
        http_event("GET", "/jobs", headers={"x-api-key": WRONG_API_KEY}),
        http_event("POST", "/jobs", body=body, headers={**key, "idempotency-key": "k"}),
        http_event("POST", "/jobs", body=body, headers={**key, "idempotency-key": "k"}),
        http_event("POST", "/jobs", body="not json", headers=key),
        http_event("POST", f"/jobs/{JOB_ID}/items/a/claim", body={}, headers=key),
        http_event("GET", f"/jobs/{JOB_ID}/why", headers={"x-api-key": OLD_API_KEY}),
        http_event("GET", "/jobs", query={"state": "x"}, headers=key),
    ]


EVENTS = {
    "api": requests,
    "intake": lambda: [sample(f"intake-{name}") for name in ("claim-complete", "rejected")],
    "relay": lambda: [sample(f"relay-{name}") for name in ("head-moved", "round")],
}


@pytest.mark.parametrize("function", EVENTS)
def test_no_handler_writes_a_secret_under_a_root_logger_at_debug(
    debug_stage: Stage,
    root_log: io.StringIO,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    function: str,
) -> None:
    debug_stage.job()

    # Without its table it fails; what it writes then counts as well.
    for table in (debug_stage.name, "missing"):
        monkeypatch.setenv("FORGELEDGER_TABLE", table)
        handler = debug_stage.handler(function)
        # Something loaded later may lower the level again.
        logging.getLogger().setLevel(logging.DEBUG)
        for event in EVENTS[function]():
            try:
                handler(event)
            except Exception:  # noqa: BLE001 - Lambda writes it to the log.
                traceback.print_exc()

    written = root_log.getvalue() + "".join(capfd.readouterr())
    assert "ResourceNotFoundException" in written
    for secret in (API_KEY, OLD_API_KEY, WRONG_API_KEY, SECRET_KEY, SESSION_TOKEN):
        assert secret not in written
