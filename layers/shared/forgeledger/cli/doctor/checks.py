"""All checks in order; one that cannot be made does not keep the others from being made."""

from collections.abc import Callable, Iterator
from functools import partial

from forgeledger.cli.doctor.access import check_api, check_credentials, check_stack
from forgeledger.cli.doctor.findings import Check, Finding, Findings, Section, Target, error_code
from forgeledger.cli.doctor.functions import (
    check_bus,
    check_functions,
    check_queue_mapping,
    check_stream_mapping,
)
from forgeledger.cli.doctor.permissions import check_permissions
from forgeledger.cli.doctor.queues import (
    check_command_queue,
    check_reject_queue,
    check_relay_failures,
)
from forgeledger.cli.doctor.table import check_table
from forgeledger.cli.error_messages import explain
from forgeledger.sdk.api.api_client import ApiClient


def examine(patient: Target, api: Callable[[], ApiClient]) -> Findings:
    checks: list[tuple[str, Check]] = [
        ("credentials", check_credentials),
        ("stack", check_stack),
        ("API", partial(check_api, api=api)),
        ("command queue", check_command_queue),
        ("reject queue", check_reject_queue),
        ("relay failure queue", check_relay_failures),
        ("table", check_table),
        ("functions", check_functions),
        ("queue mapping", check_queue_mapping),
        ("stream mapping", check_stream_mapping),
        ("permissions", check_permissions),
        ("event bus", check_bus),
    ]
    for name, check in checks:
        yield from _made(Section(name), check, patient)


def _made(part: Section, check: Check, patient: Target) -> Iterator[Finding]:
    try:
        yield from check(patient)
    except Exception as error:
        known = explain(error)
        if known is None:
            raise
        line, _ = known
        if "AccessDenied" in error_code(error):
            yield part.unknown(line, "these credentials may not look at it")
        else:
            yield part.wrong(line, "see docs/operations.md")
