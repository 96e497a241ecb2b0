"""Records that are made quickly are frozen dataclasses in everything else."""

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields

import pytest

from forgeledger.fast_dataclass import fast_frozen, replace


@fast_frozen
@dataclass(frozen=True, slots=True)
class Place:
    street: str
    number: int = 1
    # By name alone, behind a default as well.
    town: str = field(kw_only=True)
    note: tuple[str, ...] = field(default=(), kw_only=True)


def test_fields_come_in_order_by_name_and_by_default() -> None:
    in_order = Place("High Street", 5, town="Bath")
    by_name = Place(town="Bath", number=5, street="High Street")

    assert in_order == by_name
    assert in_order.note == ()
    assert Place("High Street", town="Bath").number == 1


def test_nothing_changes_a_record_once_it_is_made() -> None:
    place = Place("High Street", town="Bath")

    with pytest.raises(FrozenInstanceError):
        place.number = 2  # type: ignore[misc]  # What is to be refused.
    with pytest.raises(FrozenInstanceError):
        del place.number  # type: ignore[misc]  # What is to be refused.
    with pytest.raises((AttributeError, TypeError)):
        place.other = 2  # type: ignore[attr-defined]  # What is to be refused.
    assert place == Place("High Street", 1, town="Bath")


def test_a_record_is_of_its_own_class_and_has_its_slots_alone() -> None:
    place = Place("High Street", town="Bath")

    assert type(place) is Place
    assert not hasattr(place, "__dict__")
    assert [each.name for each in fields(place)] == ["street", "number", "town", "note"]
    assert repr(place) == "Place(street='High Street', number=1, town='Bath', note=())"


def test_records_are_compared_hashed_copied_and_pickled_as_before() -> None:
    place = Place("High Street", town="Bath", note=("a", "b"))

    assert hash(place) == hash(Place("High Street", town="Bath", note=("a", "b")))
    assert copy.deepcopy(place) == place
    assert pickle.loads(pickle.dumps(place)) == place  # noqa: S301 - Our own.
    moved = dataclasses.replace(place, number=7)
    assert (moved.number, moved.town, type(moved)) == (7, "Bath", Place)


def test_a_copy_has_its_changes_and_is_the_same_in_everything_else() -> None:
    place = Place("High Street", 5, town="Bath", note=("a",))

    moved = replace(place, number=7, note=())

    assert moved == Place("High Street", 7, town="Bath", note=())
    assert place == Place("High Street", 5, town="Bath", note=("a",))
    assert replace(place) == place
    assert replace(place) is not place
    # What a default stands for is a value like any other.
    assert replace(place, number=1).number == 1


def test_a_copy_is_frozen_as_well() -> None:
    moved = replace(Place("High Street", town="Bath"), number=7)

    assert type(moved) is Place
    with pytest.raises(FrozenInstanceError):
        moved.number = 8  # type: ignore[misc]  # What is to be refused.


def test_no_copy_has_what_its_record_has_no_field_for() -> None:
    place = Place("High Street", town="Bath")

    with pytest.raises(TypeError, match="unexpected keyword argument 'county'"):
        replace(place, county="Avon")  # type: ignore[call-arg]  # What is to be refused.


def test_any_other_dataclass_is_copied_too() -> None:
    @dataclass(frozen=True)
    class Plain:
        names: list[str] = field(default_factory=list)
        number: int = 1

    assert replace(Plain(["a"]), number=2) == Plain(["a"], 2)
    with pytest.raises(TypeError):
        replace("no dataclass", number=2)  # type: ignore[type-var]  # What is to be refused.


def test_a_wrong_call_says_what_is_wrong() -> None:
    with pytest.raises(TypeError, match=r"Place.__init__\(\) missing 1 required.*'street'"):
        Place(town="Bath")  # type: ignore[call-arg]  # What is to be refused.
    with pytest.raises(TypeError, match="unexpected keyword argument 'county'"):
        Place("High Street", town="Bath", county="Avon")  # type: ignore[call-arg]  # What is to be refused.


def test_what_would_be_left_out_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class WithFactory:
        names: list[str] = field(default_factory=list)

    @dataclass(frozen=True, slots=True)
    class WithMore:
        name: str

        def __post_init__(self) -> None:
            raise AssertionError

    with pytest.raises(TypeError, match="WithFactory: fields with a factory"):
        fast_frozen(WithFactory)
    with pytest.raises(TypeError, match="WithMore: __post_init__"):
        fast_frozen(WithMore)
