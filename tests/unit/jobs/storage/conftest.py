"""Fixtures of the storage tests."""

import pytest

from tests.support.scripted_store import Waits


@pytest.fixture
def waits() -> Waits:
    return Waits()
