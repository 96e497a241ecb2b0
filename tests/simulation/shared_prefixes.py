"""Run the histories of a seed group together: a prefix that they share is run once.

Each history is the same, step for step, as if it were run alone.
"""

from collections.abc import Iterable, Sequence
from itertools import chain

from tests.simulation.faults import STALLS
from tests.simulation.history_result import HistoryResult, partial_result
from tests.simulation.history_run import (
    History,
    finish_history,
    run,
    start_history,
    violation_during,
)
from tests.simulation.script import Script, write_seed_group
from tests.simulation.snapshot import Snapshot


def judge_seed_group(number: int, members: Iterable[int]) -> list[HistoryResult]:
    """The members' results; some plain histories are run again without faults and compared."""
    base, scripts = write_seed_group(number, members)
    results = play_together(base, scripts)
    reruns = [index for index, script in enumerate(scripts) if script.rerun_without_faults]
    if reruns:
        calm = play_together(
            base.without_faults(), [scripts[index].without_faults() for index in reruns]
        )
        for index, result in zip(reruns, calm, strict=True):
            results[index] = compare_with_calm(results[index], result)
    return results


def judge(script: Script, *, traced: bool = False) -> HistoryResult:
    """The result of one history that is run alone, as by `judge_seed_group`."""
    result = run(script, traced=traced)
    return (
        compare_with_calm(result, run(script.without_faults(), traced=traced))
        if script.rerun_without_faults
        else result
    )


def compare_with_calm(result: HistoryResult, calm: HistoryResult) -> HistoryResult:
    """The result, with a violation if faults changed the final states."""
    if result.violation is not None:
        return result
    if calm.violation is not None:
        calm.violation = f"without faults: {calm.violation}"
        return calm
    if calm.final_states != result.final_states:
        differing = sorted(calm.final_states.items() ^ result.final_states.items())
        result.violation = f"faults changed the final states: {differing}"
        result.trace += ["", "the same without faults:", *calm.trace]
    return result


def play_together(
    base: Script, scripts: Sequence[Script], *, traced: bool = False
) -> list[HistoryResult]:
    """Run the base history, and each script's own steps from its branch point on."""
    results: dict[int, HistoryResult] = {}
    branches: dict[int, dict[int, Script]] = {}
    for index, script in enumerate(scripts):
        branches.setdefault(script.branch_at, {})[index] = script
    unbranched = branches.pop(0, {})
    history = start_history(base, traced=traced)
    violation = None
    while violation is None:
        results |= _play_branches(history, branches.pop(history.position, {}))
        if not branches:
            break
        before = Snapshot(history) if _may_stall(history) else None
        position = history.position
        violation = violation_during(history, lambda: history.run_steps(1))
        overtaken = [branch_at for branch_at in branches if position < branch_at < history.position]
        if overtaken and before is not None:
            # Steps were taken inside this stalled one, and some scripts branch off after one of
            # those: run them from before the stalled step.
            before.restore()
            for branch_at in overtaken:
                results |= _play_branches(history, branches.pop(branch_at))
            violation = violation_during(history, lambda: history.run_steps(1))
    if violation is not None:
        broken = partial_result(history.world)
        broken.violation = violation
        results |= dict.fromkeys(chain(unbranched, *branches.values()), broken)
    elif unbranched:
        results |= dict.fromkeys(unbranched, finish_history(history))
    history.world.close()
    return [results[index] for index in range(len(scripts))]


def _may_stall(history: History) -> bool:
    step = history.script.steps[history.position]
    return any(fault in STALLS for _, fault in step.faults)


def _continues(script: Script, before: Script, result: HistoryResult) -> bool:
    """Whether the script continues the previous one, whose final world is still in place."""
    if not script.resumes_after or result.violation is not None:
        return False
    # Both rests must be assisted alike.
    alike = script.assisted is before.assisted
    return alike and script.steps[: script.resumes_after - 1] == before.steps


def _play_branches(history: History, branches: dict[int, Script]) -> dict[int, HistoryResult]:
    """Run the scripts that branch off here; restore the history afterwards."""
    if not branches:
        return {}
    results: dict[int, HistoryResult] = {}
    base, snapshot, prefix = history.script, Snapshot(history), partial_result(history.world)
    before: tuple[Script, HistoryResult] | None = None
    for index, script in branches.items():
        if before is not None and _continues(script, *before):
            history.position, shared_prefix = script.resumes_after, before[1]
        else:
            if before is not None:
                snapshot.restore()
            shared_prefix = prefix
        history.script = script
        results[index] = result = finish_history(history)
        result.shared_prefix = shared_prefix
        before = script, result
    snapshot.restore()
    assert history.script is base, "the snapshot contains the script"
    return results
