"""Fixtures of the tests of use cases."""

import pytest

from tests.support.ledgers import Ledger
from tests.support.memory_store import MemoryStore


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(MemoryStore())
