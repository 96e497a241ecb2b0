"""Unknown field names are logged once per process, within bounds."""

from forgeledger.unknown_fields import UnknownFields


def test_a_name_is_new_once() -> None:
    unknown = UnknownFields()

    first = unknown.not_seen_before(["b", "a", "b"])
    again = unknown.not_seen_before(["c", "a"])

    assert (first, again) == (["a", "b"], ["c"])


def test_the_number_of_names_and_their_length_have_bounds() -> None:
    unknown = UnknownFields()

    names = unknown.not_seen_before(f"{number:03}" + "x" * 1_000 for number in range(150))

    assert (len(names), {len(name) for name in names}) == (100, {64})
    assert unknown.not_seen_before(["another"]) == []


def test_a_long_name_is_known_by_its_beginning() -> None:
    long = "x" * 1_000

    assert UnknownFields().not_seen_before([long, long + "y"]) == ["x" * 64]
