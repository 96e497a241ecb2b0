"""The script of a history: its steps, each with a seed and planned faults."""

from collections.abc import Callable, Iterable
from functools import cache, partial
from itertools import accumulate
from random import Random

from forgeledger.fast_dataclass import fast_frozen, replace
from forgeledger.jobs.model.limits import ITEMS_PER_COMMIT
from tests.simulation.faults import CallFault
from tests.simulation.scripted_endings import ending, finale
from tests.simulation.steps import FAULTS, ScriptStep
from tests.simulation.table_requests import PAGE_BYTES
from tests.simulation.workloads import WEIGHTS, StepKind, Workload
from tests.simulation.world_rules import MAX_RECEIVES, PARALLELIZATION, RELAY_TRIES

# Consecutive seeds whose histories share a prefix: a seed group.
SEEDS_PER_GROUP = 64
# At most so many steps of the base history have branches.
_BRANCH_POINTS = 24


@fast_frozen
class Script:
    seed: int
    workload: Workload
    steps: tuple[ScriptStep, ...]
    max_receives: int = MAX_RECEIVES
    remembers_tokens: bool = True
    # Concurrent calls of each function.
    max_concurrency: int = 1_000
    # How often the stream retries a batch before it gives it up.
    relay_tries: int = RELAY_TRIES
    # The most items of one commit.
    items_per_commit: int = ITEMS_PER_COMMIT
    # The most bytes of one page of a query, apart from its first row.
    page_bytes: int = PAGE_BYTES
    # Write units of each partition; 0: no limit.
    units_per_second: int = 0
    # How many batches of a shard are processed at once.
    parallelization: int = PARALLELIZATION
    # Whether scheduled rounds are cut short.
    cuts_rounds_short: bool = False
    # Whether operators finish at the end all that can be finished.
    assisted: bool = True
    # How many of its first steps are those of the base history from which it branches off.
    branch_at: int = 0
    # How many are those of the branch that it continues after its rest; 0: it continues none.
    resumes_after: int = 0
    # Whether it is played again without faults, and must end in the same states.
    rerun_without_faults: bool = False

    def without_faults(self) -> "Script":
        steps = tuple(ScriptStep(step.kind, step.seed) for step in self.steps)
        return Script(
            seed=self.seed,
            workload=self.workload,
            steps=steps,
            max_receives=self.max_receives,
            branch_at=self.branch_at,
        )


# Plain histories take twice as long as others, since operators finish all of their items.
_WORKLOAD_BOUNDS = tuple(accumulate(1 if workload is Workload.PLAIN else 3 for workload in WEIGHTS))
# Steps that call AWS, and so can meet a fault.
_ALL_FAULTS = tuple(CallFault)
_STEPS_WITH_CALLS = frozenset(StepKind) - {
    StepKind.WORK,
    StepKind.RAW_MESSAGE,
    StepKind.BURST,
    StepKind.WAIT,
    StepKind.SPLIT_SHARD,
}
# The share of steps with faults; each script draws one.
_FAULT_RATES = (0.0, 0.1, 0.25, 0.5)


def write_script(seed: int) -> Script:
    """The script of a seed: the base of its seed group, or one that shares a prefix with it."""
    number, member = divmod(seed, SEEDS_PER_GROUP)
    _, (script,) = write_seed_group(number, [member])
    return script


def write_seed_group(number: int, members: Iterable[int]) -> tuple[Script, list[Script]]:
    """The base script of a seed group, and the scripts of these members."""
    base = _base_script(number)
    # Each branch is needed twice: as a member, and by its sequel.
    branch = cache(partial(_branch, base))
    return base, [_member(base, branch, member) for member in members]


def _member(base: Script, branch: Callable[[int], Script], member: int) -> Script:
    """Odd members branch off the base; even ones continue the member before them."""
    seed = base.seed * SEEDS_PER_GROUP + member
    if not member:
        return base
    return branch(seed) if member % 2 else _sequel(branch(seed - 1), seed)


def _base_script(number: int) -> Script:
    random = Random(number)
    workload = random.choices(list(WEIGHTS), cum_weights=_WORKLOAD_BOUNDS)[0]
    # Short histories end right after a fault, before a later step can repair its effects.
    count = random.randint(5, 60) if workload is Workload.FINISH else random.randint(40, 300)
    steps = [ScriptStep(StepKind.CREATE, random.getrandbits(32)), *_draw(random, workload, count)]
    if workload is Workload.FINISH:
        steps += finale(random)
    return Script(
        seed=number,
        workload=workload,
        steps=tuple(steps),
        max_receives=random.choice((1, 2, MAX_RECEIVES)) if workload is not Workload.PLAIN else 0,
        remembers_tokens=random.random() < 0.8,
        max_concurrency=random.choice((1, 2, *[1_000] * 6)),
        relay_tries=random.choice((0, 2, RELAY_TRIES)),
        assisted=_is_assisted(random, workload),
        rerun_without_faults=workload is Workload.PLAIN,
        items_per_commit=random.choice((1, 1, 2, 3, *[ITEMS_PER_COMMIT] * 4)),
        page_bytes=random.choice((1, 1_000, *[PAGE_BYTES] * 6)),
        units_per_second=random.choice((20, 60, *[0] * 14)),
        parallelization=random.choice((1, PARALLELIZATION, PARALLELIZATION, 10)),
        cuts_rounds_short=random.random() < 0.5,
    )


def _branch(base: Script, seed: int) -> Script:
    """The base up to some step, then steps of its own."""
    random = Random(seed)
    # Not after the last step: a process that stalls there might have run more of them.
    # At few branch points, since each costs one snapshot for all of its branches.
    stride = len(base.steps) // _BRANCH_POINTS + 1
    branch_at = max(1, random.randrange(1, len(base.steps)) // stride * stride)
    own = _own_steps(random, base)
    assisted = _is_assisted(random, base.workload)
    steps = (*base.steps[:branch_at], *own)
    rerun_without_faults = base.workload is Workload.PLAIN and random.random() < 0.25
    return replace(
        base,
        steps=steps,
        assisted=assisted,
        branch_at=branch_at,
        rerun_without_faults=rerun_without_faults,
    )


def _own_steps(random: Random, base: Script) -> list[ScriptStep]:
    """The steps of this script alone: a few random ones, and mostly a scripted ending."""
    own = _draw(random, base.workload, random.choice((0, 0, 1, 2, 4)))
    small_commits = base.items_per_commit < ITEMS_PER_COMMIT
    return own + ending(random, calm=base.workload is Workload.PLAIN, small_commits=small_commits)


def _sequel(first: Script, seed: int) -> Script:
    random = Random(seed)
    before = (*first.steps, ScriptStep(StepKind.REST, 0))
    steps = (*before, *_own_steps(random, first))
    return replace(first, steps=steps, resumes_after=len(before), rerun_without_faults=False)


def _is_assisted(random: Random, workload: Workload) -> bool:
    return workload is Workload.PLAIN or random.random() < 0.15


def _draw(random: Random, workload: Workload, count: int) -> list[ScriptStep]:
    fault_rate = random.choice(_FAULT_RATES)
    # Each script enables only some faults: with all of them, some defects hide others.
    enabled = [fault for fault in _ALL_FAULTS if random.random() < 0.6] or [CallFault.LOST]
    fault_bounds = list(accumulate(FAULTS[fault] for fault in enabled))
    weights = WEIGHTS[workload]
    bounds = list(accumulate(weights.values()))
    steps = []
    for kind in random.choices(list(weights), cum_weights=bounds, k=count):
        faults: tuple[tuple[int, CallFault], ...] = ()
        if kind in _STEPS_WITH_CALLS and random.random() < fault_rate:
            numbers = {int(random.expovariate(0.6)) for _ in range(random.randint(1, 3))}
            faults = tuple(
                (number, random.choices(enabled, cum_weights=fault_bounds)[0])
                for number in sorted(numbers)
            )
        steps.append(ScriptStep(kind, random.getrandbits(32), faults))
    return steps
