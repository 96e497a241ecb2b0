"""A history before it happens: its steps, each with a seed and the faults that wait in it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from itertools import accumulate
from random import Random

from forgeledger.fast_dataclass import fast_frozen, replace
from forgeledger.jobs.model.limits import ITEMS_PER_COMMIT
from tests.simulation.faults import Fault
from tests.simulation.scripted_endings import ending, finale
from tests.simulation.steps import FAULTS, Step
from tests.simulation.workloads import WEIGHTS, Kind, Theme
from tests.simulation.world import MAX_RECEIVES, RELAY_TRIES, ROWS_A_PAGE

# So many seeds in a row begin alike.
FAMILY = 64
# At so many places at the most they part.
_PLACES = 24


@fast_frozen
@dataclass(frozen=True, slots=True)
class Script:
    seed: int
    theme: Theme
    steps: tuple[Step, ...]
    max_receives: int = MAX_RECEIVES
    remembers_tokens: bool = True
    # How many calls each function takes at once.
    most_at_once: int = 1_000
    # How often the stream tries a batch before it gives it up.
    relay_tries: int = RELAY_TRIES
    # How many items a commit holds.
    items_per_commit: int = ITEMS_PER_COMMIT
    # How many rows a page of a query holds at most.
    rows_a_page: int = ROWS_A_PAGE
    # Whether people finish at the end what can be finished.
    helped: bool = True
    # How many of its first steps are those of the whole history that it leaves.
    cut: int = 0
    # How many are those of another that left there, whose rest it goes on from; 0: of none.
    sequel_of: int = 0
    # Whether it is played a second time, without its faults, and has to end the same.
    twice: bool = False

    def without_faults(self) -> "Script":
        steps = tuple(Step(step.kind, step.seed) for step in self.steps)
        return Script(self.seed, self.theme, steps, self.max_receives, cut=self.cut)


# Plain histories take twice as long as others, since people finish all that there is in them.
_THEME_BOUNDS = tuple(accumulate(1 if theme is Theme.PLAIN else 3 for theme in WEIGHTS))
# Those that call AWS, and so can meet a fault.
_FAULTS = tuple(Fault)
_CALLING = frozenset(Kind) - {Kind.WORK, Kind.RAW, Kind.WAIT, Kind.SPLIT}
# How often a step meets faults: from a clear day to a storm.
_WEATHERS = (0.0, 0.1, 0.25, 0.5)


def write(seed: int) -> Script:
    """The history of a seed: of each family the first is whole, and all others begin with it."""
    number, member = divmod(seed, FAMILY)
    _, (script,) = write_family(number, [member])
    return script


def write_family(number: int, members: Iterable[int]) -> tuple[Script, list[Script]]:
    """The whole history of a family, and those of its members."""
    whole = _whole(number)
    # Of two members: of itself, and of the one that goes on from it.
    leaving = cache(partial(_leaving, whole))
    return whole, [_member(whole, leaving, member) for member in members]


def _member(whole: Script, leaving: Callable[[int], Script], member: int) -> Script:
    """Those with odd numbers leave the whole, and the even ones go on where the one before ends."""
    seed = whole.seed * FAMILY + member
    if not member:
        return whole
    return leaving(seed) if member % 2 else _going_on(leaving(seed - 1), seed)


def _whole(number: int) -> Script:
    random = Random(number)
    theme = random.choices(list(WEIGHTS), cum_weights=_THEME_BOUNDS)[0]
    # A short history ends where it went wrong, before anything that comes later can mend it.
    count = random.randint(5, 60) if theme is Theme.FINISH else random.randint(40, 300)
    steps = [Step(Kind.CREATE, random.getrandbits(32)), *_draw(random, theme, count)]
    if theme is Theme.FINISH:
        steps += finale(random)
    return Script(
        seed=number,
        theme=theme,
        steps=tuple(steps),
        max_receives=random.choice((1, 2, MAX_RECEIVES)) if theme is not Theme.PLAIN else 0,
        remembers_tokens=random.random() < 0.8,
        most_at_once=random.choice((1, 2, *[1_000] * 6)),
        relay_tries=random.choice((0, 2, RELAY_TRIES)),
        helped=_is_helped(random, theme),
        twice=theme is Theme.PLAIN,
        items_per_commit=random.choice((1, 1, 2, 3, *[ITEMS_PER_COMMIT] * 4)),
        rows_a_page=random.choice((1, 2, *[ROWS_A_PAGE] * 6)),
    )


def _leaving(whole: Script, seed: int) -> Script:
    """The same up to some step, then an end of its own."""
    random = Random(seed)
    # Not behind the last step: a process that stalls there might have wanted more of them.
    # At some of the places only: where several leave, the world is remembered once for all of them.
    every = len(whole.steps) // _PLACES + 1
    cut = max(1, random.randrange(1, len(whole.steps)) // every * every)
    own = _own(random, whole)
    helped = _is_helped(random, whole.theme)
    steps = (*whole.steps[:cut], *own)
    twice = whole.theme is Theme.PLAIN and random.random() < 0.25
    return replace(whole, steps=steps, helped=helped, cut=cut, twice=twice)


def _own(random: Random, whole: Script) -> list[Step]:
    """What only this history has: some steps as any, and mostly an end written on purpose."""
    own = _draw(random, whole.theme, random.choice((0, 0, 1, 2, 4)))
    small_commits = whole.items_per_commit < ITEMS_PER_COMMIT
    return own + ending(random, calm=whole.theme is Theme.PLAIN, small_commits=small_commits)


def _going_on(first: Script, seed: int) -> Script:
    random = Random(seed)
    before = (*first.steps, Step(Kind.REST, 0))
    steps = (*before, *_own(random, first))
    return replace(first, steps=steps, sequel_of=len(before), twice=False)


def _is_helped(random: Random, theme: Theme) -> bool:
    return theme is Theme.PLAIN or random.random() < 0.15


def _draw(random: Random, theme: Theme, count: int) -> list[Step]:
    weather = random.choice(_WEATHERS)
    # Each history knows only some faults: what all of them together hide, a few bring to light.
    known = [fault for fault in _FAULTS if random.random() < 0.6] or [Fault.LOST]
    fault_bounds = list(accumulate(FAULTS[fault] for fault in known))
    weights = WEIGHTS[theme]
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
