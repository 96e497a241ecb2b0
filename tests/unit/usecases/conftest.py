import pytest

from forgeledger.adapters.memory import MemoryStore
from tests.ledgers import Ledger


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(MemoryStore())
