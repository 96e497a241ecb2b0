"""The reference worker's modules, as they import each other in Lambda, and a reporter for them."""

import importlib
import sys

import pytest

from forgeledger.sdk.report import process_hooks
from forgeledger.sdk.report.reporter import Reporter
from forgeledger.sdk.seams import Seams, with_seams
from tests.support.deployed_template import ROOT
from tests.support.fake_queues import FakeCommandQueue


@pytest.fixture
def kinds(monkeypatch):
    """The module of the simulated kinds."""
    monkeypatch.syspath_prepend(str(ROOT / "functions" / "worker"))
    sys.modules.pop("simulated_kinds", None)
    yield importlib.import_module("simulated_kinds")
    sys.modules.pop("simulated_kinds", None)


@pytest.fixture
def queue():
    return FakeCommandQueue()


@pytest.fixture
def reporter(queue):
    reporter = with_seams(Reporter, Seams(make_client=lambda: queue))(
        command_queue_url="https://queue.example/commands.fifo", background=False
    )
    yield reporter
    process_hooks._registered.discard(reporter)
    process_hooks._pending.discard(reporter)
