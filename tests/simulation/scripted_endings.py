"""Endings that are written on purpose, since chance hardly leads there."""

from collections.abc import Callable
from random import Random

from tests.simulation.faults import Fault
from tests.simulation.steps import FAULTS, Step
from tests.simulation.workloads import Kind

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


def _crowd(random: Random) -> list[Step]:
    """Many messages of few groups at once, and whoever takes them in meets a fault among them."""
    kinds = random.choices((Kind.WORK, Kind.ASK, Kind.RAW), (8, 1, 2), k=random.randint(4, 10))
    steps = [Step(kind, random.getrandbits(32)) for kind in kinds]
    steps += [Step(Kind.SEND, random.getrandbits(32)) for _ in range(3)]
    known = list(FAULTS)
    for _ in range(random.randint(1, 2)):
        fault = random.choices(known, list(FAULTS.values()))[0]
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
        stall = Fault.TORN
        before.append(Step(Kind.COME, random.getrandbits(31) * 2 + 1))
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


def _coming(random: Random) -> list[Step]:
    """One more producer creates a job, is not answered well, and asks again."""
    fault = random.choices(list(FAULTS), list(FAULTS.values()))[0]
    waiting = ((random.randint(0, 6), fault),)
    kinds = random.choices((Kind.REGISTER, Kind.WORK, Kind.INTAKE), k=random.randint(0, 2))
    return [
        Step(Kind.COME, random.getrandbits(32), waiting),
        *(Step(kind, random.getrandbits(32)) for kind in kinds),
        *[Step(Kind.COME_AGAIN, 0)] * 2,
    ]


def _weeks(random: Random) -> list[Step]:
    """Weeks pass with nothing but rounds, and in between people come back to their jobs."""
    steps = []
    for _ in range(random.randint(1, 2)):
        fault = random.choices(list(FAULTS), list(FAULTS.values()))[0]
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


def finale(random: Random) -> list[Step]:
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


def _nothing(_: Random) -> list[Step]:
    return []


# How often each is drawn, of a hundred.
_OFTEN: dict[Callable[[Random], list[Step]], int] = {
    _crowd: 15,
    _meeting: 20,
    finale: 30,
    _counting: 6,
    _coming: 4,
    _weeks: 2,
    _between_two_commits: 3,
    _nothing: 20,
}
# In these no operator interferes, and no producer dies.
_CALM = frozenset({_crowd, _meeting, _counting})


def ending(random: Random, *, calm: bool, small_commits: bool) -> list[Step]:
    """One of them or none, as chance has it and the history allows."""
    (write,) = random.choices(list(_OFTEN), list(_OFTEN.values()))
    if (calm and write not in _CALM) or (write is _between_two_commits and not small_commits):
        return []
    return write(random)
