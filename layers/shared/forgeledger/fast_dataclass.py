"""Frozen dataclasses without the cost of object.__setattr__."""

import dataclasses
from collections.abc import Sequence
from dataclasses import MISSING, Field, dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar, dataclass_transform

__all__ = ["fast_frozen", "replace"]

Record = TypeVar("Record")

# Sets an object's class even if the class forbids assignments.
_SET_CLASS: Final = vars(object)["__class__"].__set__
# For each fast record, a class of the same layout whose fields may be set.
_OPEN_CLASSES: Final[dict[type, type]] = {}


@dataclass_transform(frozen_default=True, kw_only_default=True)
def fast_frozen(record: type[Record]) -> type[Record]:
    """A frozen, slotted, keyword-only dataclass that is created by plain assignments.

    A frozen dataclass calls `object.__setattr__` for each field, which takes several times as long
    as the rest of its creation, and a commit creates a hundred records. Here a new record has an
    open class of the same layout until its last field is set; then it becomes frozen.
    """
    record = dataclass(frozen=True, slots=True, kw_only=True)(record)
    record_fields: Sequence[Field[Any]] = fields(record)  # type: ignore[arg-type]  # It is one.
    name = record.__name__
    if any(field.default_factory is not MISSING or not field.init for field in record_fields):
        raise TypeError(f"{name}: fields with a factory or without init are not supported")
    if hasattr(record, "__post_init__"):
        raise TypeError(f"{name}: __post_init__ would never be called")
    # Both, or Python would look one of them up at each assignment.
    plain = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    open_class = type(name, (record,), {"__slots__": (), **plain})
    names: dict[str, Any] = {"_set_class": _SET_CLASS, "_open": open_class, "_frozen": record}
    names |= {f"_default_{field.name}": field.default for field in record_fields}
    init = _method(record, "__init__", _init_lines(record_fields), names)
    record.__init__ = init  # type: ignore[method-assign]  # It has the same signature.
    _OPEN_CLASSES[record] = open_class
    return record


if TYPE_CHECKING:
    # Type checkers then check each change by its field's name and type.
    from dataclasses import replace
else:

    def replace(record: Record, /, **changes: Any) -> Record:
        """Like dataclasses.replace; three times as fast for a fast record."""
        return _replacer(type(record))(record, **changes)


@cache
def _replacer(record: type) -> Any:
    """Generated on first use: few kinds of records are ever changed."""
    open_class = _OPEN_CLASSES.get(record)
    if open_class is None:
        return dataclasses.replace
    names = {"_new": object.__new__, "_open": open_class, "_frozen": record, "_unchanged": object()}
    return _method(record, "__replace__", _replace_lines(fields(record)), names)


def _init_lines(record_fields: Sequence[Field[Any]]) -> list[str]:
    parameters = [
        field.name if field.default is MISSING else f"{field.name}=_default_{field.name}"
        for field in record_fields
    ]
    return [
        f"def __init__(self, *, {', '.join(parameters)}):",
        "_set_class(self, _open)",
        *(f"self.{field.name} = {field.name}" for field in record_fields),
        "self.__class__ = _frozen",
    ]


def _replace_lines(record_fields: Sequence[Field[Any]]) -> list[str]:
    names = [field.name for field in record_fields]
    parameters = ["self", "/", "*", *(f"{name}=_unchanged" for name in names)]
    return [
        f"def __replace__({', '.join(parameters)}):",
        "_copy = _new(_open)",
        *(f"_copy.{name} = self.{name} if {name} is _unchanged else {name}" for name in names),
        "_copy.__class__ = _frozen",
        "return _copy",
    ]


def _method(record: type, name: str, lines: Sequence[str], names: dict[str, Any]) -> Any:
    exec("\n    ".join(lines), names)  # noqa: S102 - As dataclasses does; only field names go in.
    method = names[name]
    method.__qualname__ = f"{record.__qualname__}.{name}"
    return method
