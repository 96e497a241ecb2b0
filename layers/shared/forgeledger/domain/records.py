"""Frozen dataclasses that are made as quickly as those that are not."""

from collections.abc import Sequence
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

Record = TypeVar("Record")


def quickly_made(record: type[Record]) -> type[Record]:
    """Let a frozen, slotted dataclass set its fields by plain assignments while it is made.

    A frozen dataclass has to set each field past its own `__setattr__`, which takes several times
    as long as all the rest of making it, and a commit makes a hundred records. Here a new record
    is of an open class of the same layout until its last field is set, and frozen from then on.
    """
    # Raises for what is no dataclass, as no type here says.
    given: Sequence[Field[Any]] = fields(record)  # type: ignore[arg-type]
    if any(each.default_factory is not MISSING or not each.init for each in given):
        raise TypeError(f"{record.__name__}: fields with a factory or without init are not made so")
    if hasattr(record, "__post_init__"):
        raise TypeError(f"{record.__name__}: __post_init__ would never be called")
    names: dict[str, Any] = {"_open": object.__setattr__, "_frozen": record}
    # Both of them, or Python looks one of them up at each assignment.
    plain = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    names["_opened"] = type(record.__name__, (record,), {"__slots__": (), **plain})
    names |= {f"_default_{each.name}": each.default for each in given}
    exec(_written(given), names)  # noqa: S102 - As dataclasses does; nothing but names goes in.
    made = names["__init__"]
    made.__qualname__ = f"{record.__qualname__}.__init__"
    # It takes what the one before took.
    record.__init__ = made  # type: ignore[method-assign]
    return record


def _written(given: Sequence[Field[Any]]) -> str:
    in_order = [_parameter(each) for each in given if not each.kw_only]
    by_name = [_parameter(each) for each in given if each.kw_only]
    parameters = ["self", *in_order, *(["*", *by_name] if by_name else [])]
    lines = [
        f"def __init__({', '.join(parameters)}):",
        "    _open(self, '__class__', _opened)",
        *(f"    self.{each.name} = {each.name}" for each in given),
        "    self.__class__ = _frozen",
    ]
    return "\n".join(lines)


def _parameter(field: Field[Any]) -> str:
    return field.name if field.default is MISSING else f"{field.name}=_default_{field.name}"
