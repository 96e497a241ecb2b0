"""A `fast_frozen` record behaves as any frozen dataclass does."""

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields

import pytest

from forgeledger.fast_dataclass import fast_frozen, replace


@fast_frozen
class Address:
    street: str
    number: int = 1
    # A field without a default may follow one with a default: all are keyword-only.
    town: str
    note: tuple[str, ...] = ()


def test_fields_are_given_by_name_or_have_their_default() -> None:
    address = Address(town="Bath", number=5, street="High Street")

    assert (address.street, address.number, address.town, address.note) == (
        "High Street",
        5,
        "Bath",
        (),
    )
    assert Address(street="High Street", town="Bath").number == 1
    with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
        Address("High Street")  # type: ignore[call-arg, misc]  # Refused at run time.


def test_nothing_changes_a_record_once_it_is_made() -> None:
    address = Address(street="High Street", town="Bath")

    with pytest.raises(FrozenInstanceError):
        address.number = 2  # type: ignore[misc]  # Refused at run time.
    with pytest.raises(FrozenInstanceError):
        del address.number  # type: ignore[misc]  # Refused at run time.
    with pytest.raises((AttributeError, TypeError)):
        address.other = 2  # type: ignore[attr-defined]  # Refused at run time.
    assert address == Address(street="High Street", number=1, town="Bath")


def test_a_record_is_of_its_own_class_and_has_its_slots_alone() -> None:
    address = Address(street="High Street", town="Bath")

    assert type(address) is Address
    assert not hasattr(address, "__dict__")
    assert [attribute.name for attribute in fields(address)] == ["street", "number", "town", "note"]
    assert repr(address) == "Address(street='High Street', number=1, town='Bath', note=())"


def test_records_are_compared_hashed_copied_and_pickled_as_before() -> None:
    address = Address(street="High Street", town="Bath", note=("a", "b"))

    assert hash(address) == hash(Address(street="High Street", town="Bath", note=("a", "b")))
    assert copy.deepcopy(address) == address
    assert pickle.loads(pickle.dumps(address)) == address  # noqa: S301 - Our own.
    changed = dataclasses.replace(address, number=7)
    assert (changed.number, changed.town, type(changed)) == (7, "Bath", Address)


def test_a_copy_has_its_changes_and_is_the_same_in_everything_else() -> None:
    address = Address(street="High Street", number=5, town="Bath", note=("a",))

    changed = replace(address, number=7, note=())

    assert changed == Address(street="High Street", number=7, town="Bath", note=())
    assert address == Address(street="High Street", number=5, town="Bath", note=("a",))
    assert replace(address) == address
    assert replace(address) is not address
    # Also to the value that is the field's default.
    assert replace(address, number=1).number == 1


def test_a_copy_is_frozen_as_well() -> None:
    changed = replace(Address(street="High Street", town="Bath"), number=7)

    assert type(changed) is Address
    with pytest.raises(FrozenInstanceError):
        changed.number = 8  # type: ignore[misc]  # Refused at run time.


def test_no_copy_has_what_its_record_has_no_field_for() -> None:
    address = Address(street="High Street", town="Bath")

    with pytest.raises(TypeError, match="unexpected keyword argument 'county'"):
        replace(address, county="Avon")  # type: ignore[call-arg]  # Refused at run time.


def test_any_other_dataclass_is_copied_too() -> None:
    @dataclass(frozen=True)
    class Plain:
        names: list[str] = field(default_factory=list)
        number: int = 1

    assert replace(Plain(["a"]), number=2) == Plain(["a"], 2)
    with pytest.raises(TypeError):
        replace("no dataclass", number=2)  # type: ignore[type-var]  # Refused at run time.


def test_a_wrong_call_says_what_is_wrong() -> None:
    with pytest.raises(TypeError, match=r"Address.__init__\(\) missing 1 required.*'street'"):
        Address(town="Bath")  # type: ignore[call-arg]  # Refused at run time.
    with pytest.raises(TypeError, match="unexpected keyword argument 'county'"):
        Address(street="High Street", town="Bath", county="Avon")  # type: ignore[call-arg]  # Refused at run time.


def test_what_would_be_left_out_is_refused() -> None:
    with pytest.raises(TypeError, match="WithFactory: fields with a factory"):

        @fast_frozen
        class WithFactory:
            names: list[str] = field(default_factory=list)

    with pytest.raises(TypeError, match="WithMore: __post_init__"):

        @fast_frozen
        class WithMore:
            name: str

            def __post_init__(self) -> None:
                raise AssertionError
