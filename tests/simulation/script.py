"""A history before it happens: its steps, each with a seed and the faults that wait in it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate
from random import Random

from tests.simulation.faults import Fault
from tests.simulation.world import RELAY_TRIES

# So many seeds in a row begin alike.
FAMILY = 32


class Kind(StrEnum):
    CREATE = "create"
    REGISTER = "register"
    SEAL = "seal"
    CANCEL = "cancel"
    REOPEN = "reopen"
    RETRY = "retry"
    WORK = "work"
    SEND = "send"
    RAW = "raw"
    ASK = "ask"
    INTAKE = "intake"
    RELAY = "relay"
    RECONCILE = "reconcile"
    RECOUNT = "recount"
    READ = "read"
    WAIT = "wait"
    SPLIT = "split"


class Theme(StrEnum):
    # No operator interferes: whatever goes wrong, the same items are finished at the end.
    PLAIN = "plain"
    # Operators seal, cancel, reopen and retry at the worst moments.
    LIFE = "life"
    # Jobs that fail over their tolerance or their deadline.
    TOLERANCE = "tolerance"
    # Many workers on few items, late and twice and out of turn.
    RUSH = "rush"
    # One or two items, sealed early: all happens around the moment of completion.
    FINISH = "finish"


@dataclass(slots=True)
class Step:
    kind: Kind
    seed: int
    faults: tuple[tuple[int, Fault], ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    seed: int
    theme: Theme
    steps: tuple[Step, ...]
    max_receives: int = 5
    remembers_tokens: bool = True
    # How many calls each function takes at once.
    most_at_once: int = 1_000
    # How often the stream tries a batch before it gives it up.
    relay_tries: int = RELAY_TRIES
    # Whether people finish at the end what can be finished.
    helped: bool = True
    # How many of its first steps are those of the whole history that it leaves.
    cut: int = 0

    def without_faults(self) -> "Script":
        steps = tuple(Step(step.kind, step.seed) for step in self.steps)
        return Script(self.seed, self.theme, steps, self.max_receives, cut=self.cut)


_WEIGHTS: dict[Theme, dict[Kind, int]] = {
    Theme.PLAIN: {
        Kind.CREATE: 2,
        Kind.REGISTER: 10,
        Kind.WORK: 25,
        Kind.SEND: 12,
        Kind.RAW: 4,
        Kind.ASK: 6,
        Kind.INTAKE: 24,
        Kind.RELAY: 24,
        Kind.READ: 2,
        Kind.WAIT: 12,
        Kind.SPLIT: 1,
        Kind.RECOUNT: 1,
        Kind.RECONCILE: 2,
    },
    Theme.LIFE: {
        Kind.CREATE: 3,
        Kind.REGISTER: 12,
        Kind.SEAL: 6,
        Kind.CANCEL: 3,
        Kind.REOPEN: 5,
        Kind.RETRY: 6,
        Kind.WORK: 25,
        Kind.SEND: 12,
        Kind.RAW: 3,
        Kind.ASK: 10,
        Kind.INTAKE: 24,
        Kind.RELAY: 28,
        Kind.READ: 2,
        Kind.RECONCILE: 2,
        Kind.RECOUNT: 1,
        Kind.WAIT: 10,
        Kind.SPLIT: 1,
    },
    Theme.TOLERANCE: {
        Kind.CREATE: 3,
        Kind.REGISTER: 12,
        Kind.SEAL: 5,
        Kind.REOPEN: 2,
        Kind.RETRY: 5,
        Kind.WORK: 30,
        Kind.SEND: 14,
        Kind.RAW: 2,
        Kind.ASK: 6,
        Kind.INTAKE: 26,
        Kind.RELAY: 28,
        Kind.RECONCILE: 3,
        Kind.WAIT: 14,
        Kind.SPLIT: 1,
    },
    Theme.RUSH: {
        Kind.CREATE: 2,
        Kind.REGISTER: 6,
        Kind.SEAL: 3,
        Kind.RETRY: 3,
        Kind.WORK: 40,
        Kind.SEND: 16,
        Kind.RAW: 12,
        Kind.ASK: 12,
        Kind.INTAKE: 28,
        Kind.RELAY: 16,
        Kind.WAIT: 14,
        Kind.SPLIT: 1,
    },
    Theme.FINISH: {
        Kind.CREATE: 6,
        Kind.REGISTER: 8,
        Kind.SEAL: 8,
        Kind.CANCEL: 2,
        Kind.REOPEN: 4,
        Kind.RETRY: 16,
        Kind.ASK: 24,
        Kind.WORK: 8,
        Kind.SEND: 4,
        Kind.RAW: 4,
        Kind.INTAKE: 8,
        Kind.RELAY: 24,
        Kind.RECONCILE: 4,
        Kind.RECOUNT: 1,
        Kind.WAIT: 4,
        Kind.SPLIT: 1,
    },
}
# A plain history is played twice, with its faults and without.
_THEME_BOUNDS = tuple(accumulate(1 if theme is Theme.PLAIN else 2 for theme in _WEIGHTS))
# Those that call AWS, and so can meet a fault.
_CALLING = frozenset(Kind) - {Kind.WORK, Kind.RAW, Kind.WAIT, Kind.SPLIT}
# Pauses and lost answers find most; a crash ends what else could still be found.
_FAULTS = {
    Fault.CRASH_BEFORE: 6,
    Fault.CRASH_AFTER: 6,
    Fault.UNSENT: 3,
    Fault.LOST: 8,
    Fault.REPEATED: 6,
    Fault.THROTTLED: 5,
    Fault.THROTTLED_LONG: 3,
    Fault.SERVER_ERROR: 4,
    Fault.CONFLICT: 6,
    Fault.IN_PROGRESS: 2,
    Fault.SLOW: 3,
    Fault.PAUSE_BEFORE: 6,
    Fault.PAUSE_AFTER: 6,
    Fault.PAUSE_AT_WRITE: 12,
    Fault.UNPROCESSED: 4,
    Fault.TORN: 6,
    Fault.PARTIAL: 6,
    Fault.DOUBLED: 3,
}
# How often a step meets faults: from a clear day to a storm.
_WEATHERS = (0.0, 0.1, 0.25, 0.5)


def write(seed: int) -> Script:
    """The history of a seed: of each family the first is whole, and the others leave it."""
    number, member = divmod(seed, FAMILY)
    whole = _whole(number)
    return _leaving(whole, seed) if member else whole


def write_family(number: int, members: Iterable[int]) -> tuple[Script, list[Script]]:
    """The whole history of a family, and those of its members."""
    whole = _whole(number)
    first = number * FAMILY
    return whole, [_leaving(whole, first + each) if each else whole for each in members]


def _whole(number: int) -> Script:
    random = Random(number)
    theme = random.choices(list(_WEIGHTS), cum_weights=_THEME_BOUNDS)[0]
    # A short history ends where it went wrong, before anything that comes later can mend it.
    count = random.randint(5, 60) if theme is Theme.FINISH else random.randint(30, 280)
    steps = [Step(Kind.CREATE, random.getrandbits(32)), *_draw(random, theme, count)]
    if theme is Theme.FINISH:
        steps += _finale(random)
    return Script(
        seed=number,
        theme=theme,
        steps=tuple(steps),
        max_receives=random.choice((1, 2, 5)) if theme is not Theme.PLAIN else 0,
        remembers_tokens=random.random() < 0.8,
        most_at_once=random.choice((1, 2, *[1_000] * 6)),
        relay_tries=random.choice((0, 2, RELAY_TRIES)),
        helped=_is_helped(random, theme),
    )


def _leaving(whole: Script, seed: int) -> Script:
    """The same up to some step, then an end of its own."""
    random = Random(seed)
    cut = random.randint(1, len(whole.steps))
    own = _draw(random, whole.theme, random.choice((0, 1, 2, 4, 8)))
    if whole.theme is not Theme.PLAIN and random.random() < 0.3:
        own += _finale(random)
    helped = _is_helped(random, whole.theme)
    return replace(whole, steps=(*whole.steps[:cut], *own), helped=helped, cut=cut)


def _is_helped(random: Random, theme: Theme) -> bool:
    return theme is Theme.PLAIN or random.random() < 0.3


def _draw(random: Random, theme: Theme, count: int) -> list[Step]:
    weather = random.choice(_WEATHERS)
    # Each history knows only some faults: what all of them together hide, a few bring to light.
    known = [fault for fault in Fault if random.random() < 0.6] or [Fault.LOST]
    fault_bounds = list(accumulate(_FAULTS[fault] for fault in known))
    weights = _WEIGHTS[theme]
    bounds = list(accumulate(weights.values()))
    steps = []
    for kind in random.choices(list(weights), cum_weights=bounds, k=count):
        faults: tuple[tuple[int, Fault], ...] = ()
        if kind in _CALLING and random.random() < weather:
            numbers = {int(random.expovariate(0.6)) for _ in range(random.randint(1, 3))}
            faults = tuple(
                (number, random.choices(known, cum_weights=fault_bounds)[0])
                for number in sorted(numbers)
            )
        steps.append(Step(kind, random.getrandbits(32), faults))
    return steps


def _finale(random: Random) -> list[Step]:
    """Nothing comes after it that could mend what it leaves half-way."""
    chance = random.random()
    if chance < 0.3:
        last = random.choice((Kind.SEAL, Kind.CANCEL, Kind.REOPEN, Kind.RETRY, Kind.RELAY))
        fault = random.choice((Fault.CRASH_BEFORE, Fault.CRASH_AFTER))
        return [Step(last, random.getrandbits(32), ((random.randint(0, 4), fault),))]
    if chance < 0.6:
        # The last item, the verdict, and somebody who comes in between.
        kinds = [Kind.SEAL, *[Kind.ASK] * 6]
        steps = [Step(kind, random.getrandbits(32)) for kind in kinds]
        stall = (random.randint(0, 4), Fault.PAUSE_AT_WRITE)
        steps.append(Step(Kind.RELAY, random.getrandbits(32), (stall,)))
        late = random.choices((Kind.RETRY, Kind.ASK, Kind.CANCEL, Kind.REOPEN), (6, 2, 1, 1), k=3)
        return steps + [Step(kind, random.getrandbits(32)) for kind in late]
    return []
