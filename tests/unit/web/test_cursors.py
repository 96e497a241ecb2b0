"""A cursor fits only the list that it came from; any other text is refused."""

import json

import pytest

from forgeledger.web.cursors import CursorInvalid, is_like_a_cursor, read_cursor, write_cursor

LIST = ["items", "01KAJ3Z8Q6T0V5M2N4R7X9Y1B3-2", None]


def test_a_cursor_gives_its_position_back_to_its_own_list_alone() -> None:
    cursor = write_cursor(LIST, [1, "na\u00efve", None])

    assert read_cursor(cursor, LIST) == [1, "na\u00efve", None]
    with pytest.raises(CursorInvalid, match=r"^is not a cursor of this list$") as refused:
        read_cursor(cursor, [*LIST, "more"], "from")

    assert refused.value.field == "from"


def test_a_broken_cursor_is_refused_wherever_it_is_broken() -> None:
    cursor = write_cursor(LIST, [1, 2, 3])

    for index, letter in enumerate(cursor):
        broken = cursor[:index] + ("A" if letter != "A" else "B") + cursor[index + 1 :]
        with pytest.raises(CursorInvalid):
            read_cursor(broken, LIST)


@pytest.mark.parametrize("text", ["", "A", "\u00e9", "!!!!", "x" * 5000])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    assert not is_like_a_cursor(text)
    with pytest.raises(CursorInvalid):
        read_cursor(text, LIST)


def test_a_cursor_of_any_list_looks_like_one() -> None:
    assert is_like_a_cursor(write_cursor(["another list"], [7]))


def test_a_forged_cursor_has_to_be_json_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forgeledger.web.cursors._compact", lambda value: b"[")

    with pytest.raises(CursorInvalid):
        read_cursor(write_cursor(LIST, []), LIST)


def test_a_forged_cursor_with_half_a_surrogate_pair_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_ascii = json.JSONEncoder(separators=(",", ":")).encode
    with monkeypatch.context() as patched:
        patched.setattr("forgeledger.web.cursors._compact", lambda value: in_ascii(value).encode())
        cursor = write_cursor(LIST, [0, "\ud800"])

    with pytest.raises(CursorInvalid):
        read_cursor(cursor, LIST)
