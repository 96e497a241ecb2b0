"""A scripted ending: several ask for one job key at once."""

from random import Random

from tests.simulation.faults import CallFault
from tests.simulation.steps import ScriptStep
from tests.simulation.workloads import StepKind

# Below it, the first number of a submission's generator means that it is no new one.
AGAIN_CHANCE = 0.65
_FAULTS = {
    CallFault.PAUSE_AT_WRITE: 6,
    CallFault.PAUSE_AFTER: 2,
    CallFault.CRASH_AFTER: 2,
    CallFault.LOST: 1,
}


def keys_asked_for(random: Random) -> list[ScriptStep]:
    return random.choice((_first_requests, _reused_key, _reused_key))(random)


def _first_requests(random: Random) -> list[ScriptStep]:
    """The first request for a key stalls or dies, and others ask for the same key."""
    injected = ((random.randint(1, 4), _fault(random)),)
    return [
        ScriptStep(StepKind.SUBMIT, _submission(random, again=False).seed, injected),
        *(_submission(random, again=random.random() < 0.5) for _ in range(4)),
    ]


def _reused_key(random: Random) -> list[ScriptStep]:
    """While one asks for a key again, others do so, too, or run the former job again."""
    # Most of its calls are reads; the last one is the transaction.
    injected = ((random.randint(1, 4), _fault(random)),)
    others = random.choices(
        (StepKind.REOPEN, StepKind.RETRY, StepKind.SUBMIT, StepKind.RELAY), (4, 4, 4, 1), k=6
    )
    ends = random.choice(
        (
            [StepKind.CANCEL] * 3,
            # All items fail, and the next change of their job ends it.
            [StepKind.SEAL_ONE, StepKind.FAIL_ALL, StepKind.SEAL_ONE, StepKind.RELAY],
        )
    )
    seed = random.getrandbits(32)
    return [
        *(_submission(random, again=False) for _ in range(2)),
        # The same seed chooses the same job.
        *(
            ScriptStep(kind, number if kind is StepKind.CANCEL else seed)
            for number, kind in enumerate(ends, seed)
        ),
        _submission(random, again=True),
        ScriptStep(StepKind.SUBMIT, _submission(random, again=True).seed, injected),
        *(ScriptStep(kind, random.getrandbits(32)) for kind in others),
        *(_submission(random, again=True) for _ in range(2)),
    ]


def _fault(random: Random) -> CallFault:
    return random.choices(list(_FAULTS), list(_FAULTS.values()))[0]


def _submission(random: Random, *, again: bool) -> ScriptStep:
    while True:
        seed = random.getrandbits(32)
        if (Random(seed).random() < AGAIN_CHANCE) is again:
            return ScriptStep(StepKind.SUBMIT, seed)
