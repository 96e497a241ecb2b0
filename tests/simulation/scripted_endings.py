"""Scripted endings for situations that random steps hardly ever reach."""

from collections.abc import Callable
from random import Random

from tests.simulation.faults import CallFault
from tests.simulation.jobs import draw_job
from tests.simulation.key_endings import keys_asked_for
from tests.simulation.steps import FAULTS, ScriptStep
from tests.simulation.workloads import LONGEST_WAIT, StepKind, Workload

# Faults during which others run; the most frequent one is between two halves of a read.
_CONTENTION_FAULTS = {
    CallFault.PAUSE_BEFORE: 1,
    CallFault.PAUSE_AFTER: 2,
    CallFault.PAUSE_AT_WRITE: 2,
    CallFault.REPEATED: 1,
    CallFault.TORN: 4,
}
# Mostly crashes after which a producer has to ask again what became of its request.
_CREATION_FAULTS = {**FAULTS, CallFault.CRASH_AFTER: 40}
# All writes of a process fail, however often it tries them.
_OUTAGE = tuple((number, CallFault.SERVER_ERROR) for number in range(100))
# Mostly requests to run a finished job again.
_STEPS_AFTER_WEEKS = {
    StepKind.CREATE: 1,
    StepKind.SUBMIT: 2,
    StepKind.REGISTER: 2,
    StepKind.SEAL: 1,
    StepKind.CANCEL: 1,
    StepKind.REOPEN: 6,
    StepKind.RETRY: 2,
    StepKind.HTTP_COMMAND: 4,
    StepKind.FAIL_ALL: 1,
    StepKind.INTAKE: 2,
    StepKind.RELAY: 2,
    StepKind.RECOUNT: 2,
    StepKind.READ_STATUS: 1,
}


def _crowd(random: Random) -> list[ScriptStep]:
    """Many messages of few groups at once, and an intake that meets a fault among them."""
    kinds = random.choices(
        (StepKind.WORK, StepKind.HTTP_COMMAND, StepKind.RAW_MESSAGE),
        (8, 1, 2),
        k=random.randint(4, 10),
    )
    steps = [ScriptStep(kind, random.getrandbits(32)) for kind in kinds]
    steps += [ScriptStep(StepKind.SEND, random.getrandbits(32)) for _ in range(3)]
    known = list(FAULTS)
    for _ in range(random.randint(1, 2)):
        fault = random.choices(known, list(FAULTS.values()))[0]
        injected = ((random.randint(0, 8), fault),)
        steps.append(ScriptStep(StepKind.INTAKE, random.getrandbits(32), injected))
    # Somebody looks at what has become of them.
    reads = random.choice((0, 1, 2))
    return steps + [ScriptStep(StepKind.READ_STATUS, random.getrandbits(32)) for _ in range(reads)]


def _contention(random: Random) -> list[ScriptStep]:
    """A process stalls in the middle of a change, and others change the same items."""
    seed = random.getrandbits(32)
    stall = random.choices(list(_CONTENTION_FAULTS), list(_CONTENTION_FAULTS.values()))[0]
    number = random.choice((0, 0, 1, 2))
    first = random.choice((StepKind.HTTP_COMMAND, StepKind.HTTP_COMMAND, StepKind.INTAKE))
    kinds = random.choices((StepKind.HTTP_COMMAND, StepKind.INTAKE), (4, 1), k=random.randint(2, 5))
    before = []
    if random.random() < 0.3:
        # An item of a new job is registered between two halves of a read.
        stall = CallFault.TORN
        before.append(ScriptStep(StepKind.NEW_PRODUCER, random.getrandbits(31) * 2 + 1))
        kinds[0] = StepKind.REGISTER
    # The same seed chooses the same item.
    seeds = [random.choice((seed, seed, random.getrandbits(32))) for _ in kinds]
    return [
        *before,
        ScriptStep(first, seed, ((number, stall),)),
        *(ScriptStep(kind, step_seed) for kind, step_seed in zip(kinds, seeds, strict=True)),
    ]


def _between_two_commits(random: Random) -> list[ScriptStep]:
    """All failed items are retried in several commits; between two of them a cancel crashes."""
    # The same seed chooses the same job.
    seed = random.getrandbits(32)
    stall = (random.choice((2, 2, 3)), CallFault.PAUSE_AT_WRITE)
    relays = [StepKind.RELAY] * random.choice((0, 0, 3))
    return [
        *(
            ScriptStep(kind, random.getrandbits(32))
            for kind in (StepKind.REGISTER, StepKind.INTAKE) * 3
        ),
        ScriptStep(StepKind.FAIL_ALL, seed),
        *(ScriptStep(kind, random.getrandbits(32)) for kind in relays),
        ScriptStep(StepKind.RETRY_ALL, seed),
        ScriptStep(StepKind.INTAKE, random.getrandbits(32), (stall,)),
        ScriptStep(StepKind.CANCEL, seed, ((0, CallFault.CRASH_AFTER),)),
    ]


def _failed_again(random: Random) -> list[ScriptStep]:
    """Before a verdict is committed, a failed item is retried and fails again.

    All counts by state are as they were when the verdict was decided.
    """
    # The same seed chooses the same job.
    seed = random.getrandbits(32)
    # The verdict is the second write of a relay that notes the first failure, else the first.
    stall = (random.choice((1, 2, 2)), CallFault.PAUSE_AT_WRITE)
    relays = [StepKind.RELAY] * random.choice((1, 3, 3))
    return [
        ScriptStep(StepKind.REGISTER, random.getrandbits(32)),
        ScriptStep(StepKind.SEAL_ONE, seed),
        *(ScriptStep(kind, random.getrandbits(32)) for kind in relays),
        ScriptStep(StepKind.FAIL_ALL, seed),
        ScriptStep(StepKind.RELAY, random.getrandbits(32), (stall,)),
        ScriptStep(StepKind.FAIL_AGAIN, seed),
    ]


def _late_producer(random: Random) -> list[ScriptStep]:
    """One more producer creates a job, gets no good answer, and repeats its request."""
    fault = random.choices(list(_CREATION_FAULTS), list(_CREATION_FAULTS.values()))[0]
    # The second call of a creation is its first transaction, and often the only one.
    injected = ((random.choice((0, 1, 1, 1, 2, 3, 5)), fault),)
    seed = _sealed_seed(random) if random.random() < 0.5 else random.getrandbits(32)
    kinds = random.choices(
        (StepKind.REGISTER, StepKind.WORK, StepKind.INTAKE), k=random.randint(0, 2)
    )
    # Sometimes so late that the key of its first request has expired.
    waits = random.choice((0, 0, 8))
    return [
        ScriptStep(StepKind.NEW_PRODUCER, seed, injected),
        *(ScriptStep(kind, random.getrandbits(32)) for kind in kinds),
        *[ScriptStep(StepKind.WAIT, LONGEST_WAIT)] * waits,
        *[ScriptStep(StepKind.RETRY_CREATIONS, 0)] * 2,
    ]


def _sealed_seed(random: Random) -> int:
    """A seed whose job, in most workloads, is created sealed: few are, and this ending is rare."""
    while True:
        seed = random.getrandbits(32)
        new, _ = draw_job(Random(seed), Workload.LIFECYCLE, 0)
        if new.seal:
            return seed


def _weeks(random: Random) -> list[ScriptStep]:
    """Weeks with nothing but scheduled rounds; in between operators return to their jobs."""
    steps = []
    for _ in range(random.randint(1, 2)):
        fault = random.choices(list(FAULTS), list(FAULTS.values()))[0]
        # A round first goes through all shards of open jobs, twice; then it renews their rows.
        outage_from = random.randint(33, 40)
        outage = tuple((outage_from + call, CallFault.THROTTLED_LONG) for call in range(40))
        one_fault = ((random.randint(2, 16), fault),)
        # The round's first write may be about an idle job, to which something is committed then.
        stall = ((0, CallFault.PAUSE_AT_WRITE),)
        faults = random.choice(((), one_fault, outage, stall))
        steps.append(ScriptStep(StepKind.WEEKS, random.getrandbits(32), faults))
        kinds = random.choices(list(_STEPS_AFTER_WEEKS), list(_STEPS_AFTER_WEEKS.values()), k=5)
        if faults == stall:
            kinds = [StepKind.HTTP_COMMAND] * 4 + kinds
        steps += [ScriptStep(kind, random.getrandbits(32)) for kind in kinds]
        # Somebody looks for a job that may be gone.
        looks = random.choice((0, 4, 8))
        steps += [ScriptStep(StepKind.READ_STATUS, random.getrandbits(32)) for _ in range(looks)]
    return [*steps, ScriptStep(StepKind.WEEKS, random.getrandbits(32))]


def _recount(random: Random) -> list[ScriptStep]:
    """A recount of a job's items in short pages while others write."""
    faults = [(random.randint(0, 6), CallFault.PAUSE_AFTER)]
    if random.random() < 0.5:
        faults.append((random.randint(0, 4), CallFault.SHORT_PAGE))
    writers = (StepKind.HTTP_COMMAND, StepKind.REGISTER, StepKind.INTAKE)
    kinds = random.choices(writers, (4, 2, 1), k=random.randint(2, 5))
    return [
        ScriptStep(StepKind.RECOUNT, random.getrandbits(32), tuple(faults)),
        *(ScriptStep(kind, random.getrandbits(32)) for kind in kinds),
    ]


def finale(random: Random) -> list[ScriptStep]:
    """Last steps of a history: no later step can repair what they leave half done."""
    chance = random.random()
    if chance < 0.3:
        last = random.choice(
            (StepKind.SEAL, StepKind.CANCEL, StepKind.REOPEN, StepKind.RETRY, StepKind.RELAY)
        )
        # It dies, or gives up and says so.
        fault = random.choice(
            (CallFault.CRASH_BEFORE, CallFault.CRASH_AFTER, CallFault.THROTTLED_LONG)
        )
        return [ScriptStep(last, random.getrandbits(32), ((random.randint(0, 4), fault),))]
    if chance < 0.6:
        # The last item, the verdict, and a change of the job in between.
        kinds = [StepKind.SEAL, *[StepKind.HTTP_COMMAND] * 6]
        steps = [ScriptStep(kind, random.getrandbits(32)) for kind in kinds]
        fault = random.choice(
            (CallFault.PAUSE_AT_WRITE, CallFault.PAUSE_AT_WRITE, CallFault.THROTTLED_LONG)
        )
        injected = ((random.randint(0, 4), fault),)
        steps.append(ScriptStep(StepKind.RELAY, random.getrandbits(32), injected))
        if fault is CallFault.THROTTLED_LONG:
            # It gives up, and nothing else wakes one for this job.
            return steps
        late = random.choices(
            (StepKind.RETRY, StepKind.HTTP_COMMAND, StepKind.CANCEL, StepKind.REOPEN),
            (6, 2, 1, 1),
            k=3,
        )
        return steps + [ScriptStep(kind, random.getrandbits(32)) for kind in late]
    if chance < 0.75:
        # Failed items are retried, and before that is committed a cancel crashes.
        steps = [ScriptStep(StepKind.RETRY, random.getrandbits(32)) for _ in range(3)]
        stall = (random.randint(1, 3), CallFault.PAUSE_AT_WRITE)
        steps.append(ScriptStep(StepKind.INTAKE, random.getrandbits(32), (stall,)))
        crash = (random.randint(0, 2), CallFault.CRASH_AFTER)
        steps.append(ScriptStep(StepKind.CANCEL, random.getrandbits(32), (crash,)))
        # The next requests meet a job that is ending.
        kinds = random.choices((StepKind.CANCEL, StepKind.REOPEN), k=2)
        return steps + [ScriptStep(kind, random.getrandbits(32)) for kind in kinds]
    return []


def _burst(random: Random) -> list[ScriptStep]:
    """An intake crashes after it has applied many commands of one item, and gets them again."""
    crash = ((random.randint(1, 3), CallFault.CRASH_AFTER),)
    steps = [
        ScriptStep(StepKind.BURST, random.getrandbits(32)),
        ScriptStep(StepKind.INTAKE, random.getrandbits(32), crash),
        ScriptStep(random.choice((StepKind.HTTP_COMMAND, StepKind.WORK)), random.getrandbits(32)),
        ScriptStep(StepKind.WAIT, 8),
    ]
    return steps + [ScriptStep(StepKind.INTAKE, random.getrandbits(32)) for _ in range(4)]


def _redrive(random: Random) -> list[ScriptStep]:
    """Messages become dead letters although an intake has applied them; then they are redriven."""
    kinds = [StepKind.RAW_MESSAGE] * random.randint(1, 3) + [StepKind.WORK] * random.randint(0, 2)
    steps = [ScriptStep(kind, random.getrandbits(32)) for kind in (*kinds, StepKind.SEND)]
    crash = ((random.randint(1, 4), CallFault.CRASH_AFTER),)
    steps.append(ScriptStep(StepKind.INTAKE, random.getrandbits(32), crash))
    for _ in range(2):
        steps += [ScriptStep(StepKind.WAIT, 8), ScriptStep(StepKind.INTAKE, random.getrandbits(32))]
    lost = random.choice(((), (), ((0, CallFault.LOST),)))
    steps += [
        ScriptStep(StepKind.REDRIVE_DEAD_LETTERS, random.getrandbits(32), lost),
        ScriptStep(StepKind.WAIT, random.getrandbits(32)),
        ScriptStep(StepKind.REDRIVE_DEAD_LETTERS, random.getrandbits(32)),
        ScriptStep(StepKind.INTAKE, random.getrandbits(32)),
    ]
    return steps


def _outage(random: Random) -> list[ScriptStep]:
    """The intake fails on the same messages for more than ten minutes."""
    kinds = (StepKind.BURST, StepKind.WORK, StepKind.SEND, StepKind.RAW_MESSAGE)
    steps = [ScriptStep(kind, random.getrandbits(32)) for kind in kinds]
    for _ in range(3):
        steps.append(ScriptStep(StepKind.INTAKE, random.getrandbits(32), _OUTAGE))
        # Younger messages come behind them.
        younger = random.choices((StepKind.WORK, StepKind.SEND, StepKind.RAW_MESSAGE), k=2)
        steps += [ScriptStep(kind, random.getrandbits(32)) for kind in younger]
        steps += [ScriptStep(StepKind.WAIT, LONGEST_WAIT)] * 4
    return steps


# Weights, of a hundred.
_ENDING_WEIGHTS: dict[Callable[[Random], list[ScriptStep]], int] = {
    _crowd: 15,
    _contention: 20,
    finale: 30,
    _recount: 6,
    _late_producer: 4,
    _weeks: 4,
    _between_two_commits: 3,
    _failed_again: 3,
    _redrive: 4,
    _burst: 4,
    keys_asked_for: 4,
    _outage: 3,
}
# Endings in which no operator interferes and no producer dies.
_WITHOUT_OPERATORS = frozenset({_crowd, _contention, _recount})


def ending(random: Random, *, calm: bool, small_commits: bool) -> list[ScriptStep]:
    """A random ending, or none if the history does not allow it."""
    (write_ending,) = random.choices(list(_ENDING_WEIGHTS), list(_ENDING_WEIGHTS.values()))
    if (calm and write_ending not in _WITHOUT_OPERATORS) or (
        write_ending is _between_two_commits and not small_commits
    ):
        return []
    return write_ending(random)
