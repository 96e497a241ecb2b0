"""What several tests of the adapters ask for."""

import pytest

from tests.support.scripted_store import Waits


@pytest.fixture
def waits() -> Waits:
    return Waits()
