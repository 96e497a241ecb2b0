"""A mutant: a deliberate defect of the product, installed for the length of a block."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    name: str
    install: Callable[[], AbstractContextManager[None]]


class Mutants(list[Mutant]):
    """Collects mutants as they are defined."""

    def named(
        self, name: str
    ) -> Callable[[Callable[[], Iterator[None]]], Callable[[], Iterator[None]]]:
        def add(function: Callable[[], Iterator[None]]) -> Callable[[], Iterator[None]]:
            self.append(Mutant(name, contextmanager(function)))
            return function

        return add
