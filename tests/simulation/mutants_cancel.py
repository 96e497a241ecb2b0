"""Mutants of the cancel of single items."""

from collections.abc import Callable, Iterator
from unittest.mock import patch

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model import item_rules
from forgeledger.jobs.model.commands import REGISTERS_ON_THE_WAY, CommandKind
from forgeledger.jobs.model.events import EventKind
from forgeledger.jobs.model.item_case import ItemCase, Ruling
from tests.simulation.mutant import Mutants

CANCEL = Mutants()
_cancel = item_rules._cancel


def _ruling(name: str, rule: Callable[[ItemCase], Ruling]) -> None:
    @CANCEL.named(name)
    def install() -> Iterator[None]:
        with patch.dict(item_rules._RULES, {CommandKind.CANCEL: rule}):
            yield


def _whatever_attempt(case: ItemCase) -> Ruling:
    return _cancel(replace(case, command=replace(case.command, attempt=None)))


def _whatever_state(case: ItemCase) -> Ruling:
    return case.apply(EventKind.CANCELED) if case.item.finished else _cancel(case)


def _without_sender(case: ItemCase) -> Ruling:
    ruling = _cancel(case)
    return case.apply(EventKind.CANCELED) if ruling.reason is None else ruling


_ruling("a former owner cancels the item", _whatever_attempt)
_ruling("a finished item is canceled", _whatever_state)
_ruling("a second cancel is applied", _without_sender)


@CANCEL.named("a cancel registers an unknown item")
def unknown_registered() -> Iterator[None]:
    kinds = {*REGISTERS_ON_THE_WAY, CommandKind.CANCEL}
    with patch.object(item_rules, "REGISTERS_ON_THE_WAY", kinds):
        yield
