"""A history before it happens: its steps, each with a seed and the faults that wait in it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import accumulate
from random import Random

from forgeledger.domain.limits import ITEMS_PER_COMMIT
from tests.simulation.faults import Fault
from tests.simulation.themes import WEIGHTS, Kind, Theme
from tests.simulation.world import MAX_RECEIVES, RELAY_TRIES, ROWS_A_PAGE

# So many seeds in a row begin alike.
FAMILY = 64
# At so many places at the most they part.
_PLACES = 24


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
    # Whether it is played a second time, without its faults, and has to end the same.
    twice: bool = False

    def without_faults(self) -> "Script":
        steps = tuple(Step(step.kind, step.seed) for step in self.steps)
        return Script(self.seed, self.theme, steps, self.max_receives, cut=self.cut)


# Plain histories take twice as long as others, since people finish all that there is in them.
_THEME_BOUNDS = tuple(accumulate(1 if theme is Theme.PLAIN else 3 for theme in WEIGHTS))
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
    Fault.CANCELED: 4,
    Fault.IN_PROGRESS: 2,
    Fault.SLOW: 3,
    Fault.PAUSE_BEFORE: 6,
    Fault.PAUSE_AFTER: 6,
    Fault.PAUSE_AT_WRITE: 12,
    Fault.UNPROCESSED: 4,
    Fault.TORN: 6,
    Fault.SHORT_PAGE: 4,
    Fault.PARTIAL: 6,
    Fault.DOUBLED: 3,
}
# Where others may come in between, most of all between the two halves of a read.
_MEETING = {
    Fault.PAUSE_BEFORE: 1,
    Fault.PAUSE_AFTER: 2,
    Fault.PAUSE_AT_WRITE: 2,
    Fault.REPEATED: 1,
    Fault.TORN: 4,
}
# Most of what is asked then is to run a finished job again.
_AFTER_WEEKS = {
    Kind.CREATE: 1,
    Kind.REGISTER: 2,
    Kind.SEAL: 1,
    Kind.CANCEL: 1,
    Kind.REOPEN: 6,
    Kind.RETRY: 2,
    Kind.ASK: 4,
    Kind.FAIL_ALL: 1,
    Kind.INTAKE: 2,
    Kind.RELAY: 2,
    Kind.RECOUNT: 2,
    Kind.READ: 1,
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
    theme = random.choices(list(WEIGHTS), cum_weights=_THEME_BOUNDS)[0]
    # A short history ends where it went wrong, before anything that comes later can mend it.
    count = random.randint(5, 60) if theme is Theme.FINISH else random.randint(40, 320)
    steps = [Step(Kind.CREATE, random.getrandbits(32)), *_draw(random, theme, count)]
    if theme is Theme.FINISH:
        steps += _finale(random)
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
    own = _draw(random, whole.theme, random.choice((0, 0, 1, 2, 4)))
    chance, calm = random.random(), whole.theme is Theme.PLAIN
    if chance < 0.15:
        own += _crowd(random)
    elif chance < 0.35:
        own += _meeting(random)
    elif chance < 0.65 and not calm:
        own += _finale(random)
    elif 0.65 <= chance < 0.67 and not calm:
        own += _weeks(random)
    elif 0.67 <= chance < 0.73:
        own += _counting(random)
    elif chance > 0.97 and whole.items_per_commit < ITEMS_PER_COMMIT and not calm:
        own += _between_two_commits(random)
    helped = _is_helped(random, whole.theme)
    steps = (*whole.steps[:cut], *own)
    twice = whole.theme is Theme.PLAIN and random.random() < 0.25
    return replace(whole, steps=steps, helped=helped, cut=cut, twice=twice)


def _is_helped(random: Random, theme: Theme) -> bool:
    return theme is Theme.PLAIN or random.random() < 0.15


def _draw(random: Random, theme: Theme, count: int) -> list[Step]:
    weather = random.choice(_WEATHERS)
    # Each history knows only some faults: what all of them together hide, a few bring to light.
    known = [fault for fault in Fault if random.random() < 0.6] or [Fault.LOST]
    fault_bounds = list(accumulate(_FAULTS[fault] for fault in known))
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


def _crowd(random: Random) -> list[Step]:
    """Many messages of few groups at once, and whoever takes them in meets a fault among them."""
    kinds = random.choices((Kind.WORK, Kind.ASK, Kind.RAW), (8, 1, 2), k=random.randint(4, 10))
    steps = [Step(kind, random.getrandbits(32)) for kind in kinds]
    steps += [Step(Kind.SEND, random.getrandbits(32)) for _ in range(3)]
    known = list(_FAULTS)
    for _ in range(random.randint(1, 2)):
        fault = random.choices(known, list(_FAULTS.values()))[0]
        waiting = ((random.randint(0, 8), fault),)
        steps.append(Step(Kind.INTAKE, random.getrandbits(32), waiting))
    return steps


def _meeting(random: Random) -> list[Step]:
    """Somebody stands still in the middle of a change, and others come to the same items."""
    seed = random.getrandbits(32)
    stall = random.choices(list(_MEETING), list(_MEETING.values()))[0]
    number = random.choice((0, 0, 1, 2))
    first = random.choice((Kind.ASK, Kind.ASK, Kind.INTAKE))
    kinds = random.choices((Kind.ASK, Kind.INTAKE), (4, 1), k=random.randint(2, 5))
    before = []
    if random.random() < 0.3:
        # An item of a new job comes to be between two halves of a read.
        before.append(Step(Kind.CREATE, random.getrandbits(32)))
        kinds[0] = Kind.REGISTER
    # With the same seed they come to the same item.
    seeds = [random.choice((seed, seed, random.getrandbits(32))) for _ in kinds]
    return [
        *before,
        Step(first, seed, ((number, stall),)),
        *(Step(kind, each) for kind, each in zip(kinds, seeds, strict=True)),
    ]


def _between_two_commits(random: Random) -> list[Step]:
    """All that failed is retried, in several commits; between two somebody cancels, and dies."""
    # With the same seed all of it is about the same job.
    seed = random.getrandbits(32)
    stall = (random.choice((2, 2, 3)), Fault.PAUSE_AT_WRITE)
    relays = [Kind.RELAY] * random.choice((0, 0, 3))
    return [
        *(Step(kind, random.getrandbits(32)) for kind in (Kind.REGISTER, Kind.INTAKE) * 3),
        Step(Kind.FAIL_ALL, seed),
        *(Step(kind, random.getrandbits(32)) for kind in relays),
        Step(Kind.RETRY_ALL, seed),
        Step(Kind.INTAKE, random.getrandbits(32), (stall,)),
        Step(Kind.CANCEL, seed, ((0, Fault.CRASH_AFTER),)),
    ]


def _weeks(random: Random) -> list[Step]:
    """Weeks pass with nothing but rounds, and in between people come back to their jobs."""
    steps = []
    for _ in range(random.randint(1, 2)):
        fault = random.choices(list(_FAULTS), list(_FAULTS.values()))[0]
        met = ((random.randint(2, 16), random.choice((fault, Fault.THROTTLED_LONG))),)
        steps.append(Step(Kind.WEEKS, random.getrandbits(32), random.choice(((), met, met))))
        kinds = random.choices(list(_AFTER_WEEKS), list(_AFTER_WEEKS.values()), k=5)
        steps += [Step(kind, random.getrandbits(32)) for kind in kinds]
    return [*steps, Step(Kind.WEEKS, random.getrandbits(32))]


def _counting(random: Random) -> list[Step]:
    """Somebody counts a job's items anew, in short pages, and others write meanwhile."""
    faults = [(random.randint(0, 6), Fault.PAUSE_AFTER)]
    if random.random() < 0.5:
        faults.append((random.randint(0, 4), Fault.SHORT_PAGE))
    writers = (Kind.ASK, Kind.REGISTER, Kind.INTAKE)
    kinds = random.choices(writers, (4, 2, 1), k=random.randint(2, 5))
    return [
        Step(Kind.RECOUNT, random.getrandbits(32), tuple(faults)),
        *(Step(kind, random.getrandbits(32)) for kind in kinds),
    ]


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
    if chance < 0.75:
        # What failed is retried, and before that is done somebody cancels, and dies of it.
        steps = [Step(Kind.RETRY, random.getrandbits(32)) for _ in range(3)]
        stall = (random.randint(1, 3), Fault.PAUSE_AT_WRITE)
        steps.append(Step(Kind.INTAKE, random.getrandbits(32), (stall,)))
        crash = (random.randint(0, 2), Fault.CRASH_AFTER)
        steps.append(Step(Kind.CANCEL, random.getrandbits(32), (crash,)))
        # Whoever comes next meets a job that is ending.
        kinds = random.choices((Kind.CANCEL, Kind.REOPEN), k=2)
        return steps + [Step(kind, random.getrandbits(32)) for kind in kinds]
    return []
