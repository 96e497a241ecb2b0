"""A log row's content: entries as JSON arrays, compressed where that saves a write unit.

Texts that JSON would have to escape stand in a separate list, to which the entries refer by
number.
"""

import json
import re
import zlib
from collections.abc import Sequence
from typing import Any, Final

from forgeledger.aws.dynamodb.attributes import Row, compact_json, parse_json, text

# A write unit of a kilobyte less what a row holds besides its entries.
_PLAIN_BYTES: Final = 800
# The fastest: the slowest saves a tenth more and takes three times as long.
_COMPRESSION: Final = 1

_needs_escaping = re.compile(r'["\\\x00-\x1f]').search


def refer(value: str | None, texts: list[str]) -> str | int | None:
    """The value itself, or its number in `texts`, to which it is added."""
    if value is None or not _needs_escaping(value):
        return value
    texts.append(value)
    return len(texts) - 1


def pack(entries: Sequence[Sequence[Any]], texts: Sequence[str]) -> Row:
    plain = compact_json(entries)
    size = len(plain.encode()) + sum(len(value.encode()) for value in texts)
    if size > _PLAIN_BYTES:
        packed = zlib.compress(f"[{plain},{compact_json(texts)}]".encode(), _COMPRESSION)
        # What does not shrink, such as letters that JSON escapes one by one, stays plain.
        if len(packed) < size:
            return {"packed": {"B": packed}}
    if not texts:
        return {"events": text(plain)}
    return {"events": text(plain), "texts": {"L": [text(value) for value in texts]}}


def unpack(row: Row) -> tuple[list[list[Any]], list[str]]:
    """The entries and their texts."""
    if "packed" in row:
        entries, texts = json.loads(zlib.decompress(row["packed"]["B"]))
        return entries, texts
    texts = [value["S"] for value in row["texts"]["L"]] if "texts" in row else []
    return parse_json(row["events"]["S"]), texts
