"""Runs all checks in order; one that fails does not stop the others."""

from collections.abc import Callable, Iterator
from functools import partial

from forgeledger.aws.errors import code_of
from forgeledger.cli.doctor.access import check_api, check_credentials, check_stack
from forgeledger.cli.doctor.clock import check_clock
from forgeledger.cli.doctor.findings import Check, Finding, Findings, Section, Target
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


def examine(target: Target, api: Callable[[], ApiClient]) -> Findings:
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
        ("clock", check_clock),
        ("permissions", check_permissions),
        ("event bus", check_bus),
    ]
    for name, check in checks:
        yield from _run(Section(name), check, target)


def _run(section: Section, check: Check, target: Target) -> Iterator[Finding]:
    try:
        yield from check(target)
    except Exception as error:
        explained = explain(error)
        if explained is None:
            raise
        line, _ = explained
        if "AccessDenied" in code_of(error):
            yield section.unknown(line, "these credentials may not read it")
        else:
            yield section.wrong(line, "see docs/operations.md")
