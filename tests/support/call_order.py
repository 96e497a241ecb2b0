"""Actors that share one store and pause before each call, so that a test orders the calls."""

from collections.abc import Callable
from threading import Semaphore, Thread
from typing import Any


class ActorKilled(BaseException):
    """The actor was killed. A BaseException, so that no product code can catch it."""


class Actor:
    """Runs in a separate thread, one call of the store per `step`."""

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
        """Make the pending call and run up to the next one."""
        self._go.release()
        self._stopped.acquire()

    def finish(self, calls: int = 1_000) -> None:
        while not self.done:
            self.step()
            calls -= 1
            assert calls, f"{self.name} never ends"

    def kill(self) -> None:
        """End it before its pending call."""
        self._killed = True
        while not self.done:
            self.step()

    def pause(self) -> None:
        self._stopped.release()
        self._go.acquire()
        if self._killed:
            raise ActorKilled

    def _run(self, work: Callable[["Actor"], Any]) -> None:
        try:
            self.result = work(self)
        except ActorKilled:
            pass
        except BaseException as error:  # noqa: BLE001 - The test checks it.
            self.error = error
        self.done = True
        self._stopped.release()


class PausingProxy:
    """Delegates to an object, and pauses the actor before each call."""

    def __init__(self, wrapped: Any, actor: Actor) -> None:
        self._wrapped = wrapped
        self._actor = actor

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._wrapped, name)

        def paused(*args: Any, **kwargs: Any) -> Any:
            self._actor.pause()
            return method(*args, **kwargs)

        return paused


def every_order(run: Callable[["CallOrder"], None], *, switches: int) -> int:
    """Call `run` with every order of calls that has at most so many switches; return their number.

    `run` lets the order choose the actor of each call. A switch leaves an actor that could have
    made the next call; most races need one or two.
    """
    order = CallOrder((), switches)
    runs = 1
    run(order)
    while (choices := order.next_choices()) is not None:
        order = CallOrder(choices, switches)
        runs += 1
        run(order)
    return runs


class CallOrder:
    """One order of calls: the given choices first, then always the first option."""

    def __init__(self, choices: tuple[int, ...], switches: int) -> None:
        self._given = choices
        self._switches = switches
        self._current: Actor | None = None
        # Each choice, and the number of options.
        self._made: list[tuple[int, int]] = []

    def choose(self, able: list[Actor]) -> Actor:
        options = able
        if self._current in able:
            others = [actor for actor in able if actor is not self._current]
            options = [self._current, *others] if self._switches else [self._current]
        index = len(self._made)
        choice = self._given[index] if index < len(self._given) else 0
        self._made.append((choice, len(options)))
        chosen = options[choice]
        if chosen is not self._current and self._current in able:
            self._switches -= 1
        self._current = chosen
        return chosen

    def next_choices(self) -> tuple[int, ...] | None:
        """The choices of the next order; None after the last."""
        made = list(self._made)
        while made and made[-1][0] + 1 == made[-1][1]:
            made.pop()
        if not made:
            return None
        return (*(choice for choice, _ in made[:-1]), made[-1][0] + 1)
