"""Users see every option with its default, and none of the seams for tests."""

import pydoc
import re
from dataclasses import MISSING, fields

import pytest

from forgeledger.sdk import (
    Backoff,
    Endpoints,
    Ledger,
    OutboxLimits,
    Polling,
    RegistrationOptions,
    Reporter,
    Worker,
    WorkerOptions,
)
from forgeledger.sdk.report.background_sender import SenderOptions
from forgeledger.sdk.seams import Seams, with_seams

RECORDS = (
    Backoff,
    Endpoints,
    OutboxLimits,
    Polling,
    RegistrationOptions,
    SenderOptions,
    WorkerOptions,
)


def default_of(field):
    value = field.default_factory() if field.default is MISSING else field.default
    if isinstance(value, RECORDS):
        return f"{type(value).__name__}()"
    return f"{value:_}" if type(value) is int else repr(value)


def described(record):
    """Each field of the docstring with its description, in order."""
    blocks = re.findall(r"^    (\w+): (.+(?:\n {8}.+)*)", record.__doc__, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in blocks}


@pytest.mark.parametrize("record", RECORDS)
def test_the_docstring_of_an_option_record_lists_every_field_with_its_default(record):
    descriptions = described(record)

    assert list(descriptions) == [field.name for field in fields(record)]
    for field in fields(record):
        assert re.search(
            rf"\. Default {re.escape(default_of(field))}[.,]", descriptions[field.name]
        ), field.name


@pytest.mark.parametrize("kind", [Ledger, Reporter, Worker])
def test_no_seam_of_tests_is_seen_by_users(kind):
    seen = pydoc.plain(pydoc.render_doc(kind))

    assert [field.name for field in fields(Seams) if field.name in seen] == []
    assert "seams" not in seen


def test_a_class_with_seams_is_still_the_class_of_its_name():
    seamed = with_seams(Reporter, Seams(clock=lambda: 0.0))

    assert issubclass(seamed, Reporter)
    assert seamed.__name__ == "Reporter"
    assert Reporter._seams == Seams()
