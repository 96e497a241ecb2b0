"""Each name once, and no more of them than a log can bear."""

from forgeledger.unknown_names import first_told


def test_a_name_is_fresh_once() -> None:
    first, told = first_told(frozenset(), ["b", "a", "b"])

    again, after = first_told(told, ["c", "a"])

    assert (first, again) == (["a", "b"], ["c"])
    assert (told, after) == ({"a", "b"}, {"a", "b", "c"})


def test_a_long_name_is_known_by_its_beginning_and_their_number_has_an_end() -> None:
    long = "x" * 1_000
    fresh, told = first_told(frozenset(), [long, *(str(number) for number in range(150))])

    assert len(fresh) == len(told) == 100
    assert first_told(told, ["another"]) == ([], told)
    assert first_told(frozenset(), [long, long + "y"])[0] == ["x" * 64]
