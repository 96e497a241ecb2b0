"""Several people at one store, each stopped before every call, so that a test orders the calls."""

from collections.abc import Callable
from threading import Semaphore, Thread
from typing import Any


class Killed(BaseException):
    """The process is gone; nothing in it may catch this."""


class Actor:
    """Does its work in a thread of its own, one call of the store at a time, when told to."""

    def __init__(self, name: str, work: Callable[["Actor"], Any]) -> None:
        self.name = name
        self.result: Any = None
        self.error: BaseException | None = None
        self.done = False
        self._killed = False
        self._go, self._stopped = Semaphore(0), Semaphore(0)
        self._thread = Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()
        self._stopped.acquire()

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def step(self) -> None:
        """Go on to the next call: make the one it stopped before, and what follows from it."""
        self._go.release()
        self._stopped.acquire()

    def finish(self, calls: int = 1_000) -> None:
        while not self.done:
            self.step()
            calls -= 1
            assert calls, f"{self.name} never ends"

    def kill(self) -> None:
        """As if its process were gone before the call that it stopped before."""
        self._killed = True
        while not self.done:
            self.step()

    def pause(self) -> None:
        self._stopped.release()
        self._go.acquire()
        if self._killed:
            raise Killed

    def _run(self, work: Callable[["Actor"], Any]) -> None:
        try:
            self.result = work(self)
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - the test looks at it.
            self.error = error
        self.done = True
        self._stopped.release()


class Stopping:
    """The same object, with a stop before each call of one of its methods."""

    def __init__(self, wrapped: Any, actor: Actor) -> None:
        self._wrapped = wrapped
        self._actor = actor

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._wrapped, name)

        def stopping(*args: Any, **kwargs: Any) -> Any:
            self._actor.pause()
            return method(*args, **kwargs)

        return stopping


def every_order(run: Callable[["Order"], None], *, switches: int) -> int:
    """Run again and again, until all orders with so many switches have been; how many there were.

    `run` asks for the next actor to make a call. A switch is a change from one actor that could
    have gone on to another; most races need one or two.
    """
    order = Order((), switches)
    runs = 1
    run(order)
    while (choices := order.next_choices()) is not None:
        order = Order(choices, switches)
        runs += 1
        run(order)
    return runs


class Order:
    """One order of calls: makes the choices it is given, and the first one from there on."""

    def __init__(self, choices: tuple[int, ...], switches: int) -> None:
        self._given = choices
        self._switches = switches
        self._current: Actor | None = None
        # What was chosen, and of how many.
        self._made: list[tuple[int, int]] = []

    def choose(self, able: list[Actor]) -> Actor:
        options = able
        if self._current in able:
            others = [actor for actor in able if actor is not self._current]
            options = [self._current, *others] if self._switches else [self._current]
        place = len(self._made)
        choice = self._given[place] if place < len(self._given) else 0
        self._made.append((choice, len(options)))
        chosen = options[choice]
        if chosen is not self._current and self._current in able:
            self._switches -= 1
        self._current = chosen
        return chosen

    def next_choices(self) -> tuple[int, ...] | None:
        """The choices of the order after this one; None after the last."""
        made = list(self._made)
        while made and made[-1][0] + 1 == made[-1][1]:
            made.pop()
        if not made:
            return None
        return (*(choice for choice, _ in made[:-1]), made[-1][0] + 1)
