"""A log row's content survives packing; only content that shrinks is compressed."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from forgeledger.journal.storage.packed_entries import pack, refer, unpack

ENTRIES = st.lists(st.lists(st.none() | st.integers(0, 2**53) | st.text(), max_size=5), max_size=20)


@given(ENTRIES, st.lists(st.text(), max_size=5))
def test_entries_and_texts_come_back(entries: list[list[Any]], texts: list[str]) -> None:
    assert unpack(pack(entries, texts)) == (entries, texts)


def test_a_text_that_json_would_escape_is_referred_to_by_its_number() -> None:
    texts: list[str] = []

    references = [refer(value, texts) for value in ("plain", 'a "quote"', None, "a\nline")]

    assert references == ["plain", 0, None, 1]
    assert texts == ['a "quote"', "a\nline"]


def test_much_alike_is_compressed_and_little_is_not() -> None:
    alike = [["c", f"invoice-{number}"] for number in range(100)]

    assert pack([["c", "a"]], ()).keys() == {"events"}
    packed = pack(alike, ())
    assert packed.keys() == {"packed"}
    assert len(packed["packed"]["B"]) < len(json.dumps(alike)) / 4
