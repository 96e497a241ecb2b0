"""Histories that begin alike, played together: what they share is played once.

Each is the same, step for step, as if it were played by itself.
"""

from collections.abc import Iterable, Sequence
from itertools import chain

from tests.simulation.faults import STALLS
from tests.simulation.history_run import History, Result, conclude, enter, run, so_far, violation_in
from tests.simulation.script import Script, write_family
from tests.simulation.snapshot import Keepsake


def judge_family(number: int, members: Iterable[int]) -> list[Result]:
    """Their results in order; some plain ones are played without their faults as well."""
    whole, scripts = write_family(number, members)
    results = play(whole, scripts)
    twice = [place for place, script in enumerate(scripts) if script.twice]
    if twice:
        calm = play(whole.without_faults(), [scripts[place].without_faults() for place in twice])
        for place, result in zip(twice, calm, strict=True):
            results[place] = compared(results[place], result)
    return results


def judge(script: Script, *, tell: bool = False) -> Result:
    """One history by itself, as `judge_family` does it."""
    result = run(script, tell=tell)
    return compared(result, run(script.without_faults(), tell=tell)) if script.twice else result


def compared(result: Result, calm: Result) -> Result:
    """The result, unless faults changed what was finished."""
    if result.violation is not None:
        return result
    if calm.violation is not None:
        calm.violation = f"without faults: {calm.violation}"
        return calm
    if calm.finished != result.finished:
        differing = sorted(calm.finished.items() ^ result.finished.items())
        result.violation = f"faults changed how it ended: {differing}"
        result.story += ["", "the same without faults:", *calm.story]
    return result


def play(whole: Script, scripts: Sequence[Script], *, tell: bool = False) -> list[Result]:
    """Play the whole, and let each of the others leave it where it parts."""
    found: dict[int, Result] = {}
    leaving: dict[int, dict[int, Script]] = {}
    for place, script in enumerate(scripts):
        leaving.setdefault(script.cut, {})[place] = script
    ending = leaving.pop(0, {})
    history = enter(whole, tell=tell)
    violation = None
    while violation is None:
        found |= _ends(history, leaving.pop(history.at, {}))
        if not leaving:
            break
        before = Keepsake(history) if _may_stall(history) else None
        begun = history.at
        violation = violation_in(history, lambda: history.run_more(1))
        overtaken = [cut for cut in leaving if begun < cut < history.at]
        if overtaken and before is not None:
            # Steps were taken inside this one, and some want to leave behind one of those: they
            # leave before it and take it themselves.
            before.restore()
            for cut in overtaken:
                found |= _ends(history, leaving.pop(cut))
            violation = violation_in(history, lambda: history.run_more(1))
    if violation is not None:
        broken = so_far(history.world)
        broken.violation = violation
        found |= dict.fromkeys(chain(ending, *leaving.values()), broken)
    elif ending:
        found |= dict.fromkeys(ending, conclude(history))
    history.world.end()
    return [found[place] for place in range(len(scripts))]


def _may_stall(history: History) -> bool:
    step = history.script.steps[history.at]
    return any(fault in STALLS for _, fault in step.faults)


def _goes_on(script: Script, before: Script, result: Result) -> bool:
    """Whether it begins with all that the one before was, which came to rest and is still there."""
    if not script.sequel_of or result.violation is not None:
        return False
    # It has no help of its own: it rests both times as the other did.
    alike = script.helped is before.helped
    return alike and script.steps[: script.sequel_of - 1] == before.steps


def _ends(history: History, leaving: dict[int, Script]) -> dict[int, Result]:
    """How those go on that leave here; afterwards all is as if none had left."""
    if not leaving:
        return {}
    found: dict[int, Result] = {}
    whole, here, left = history.script, Keepsake(history), so_far(history.world)
    before: tuple[Script, Result] | None = None
    for place, script in leaving.items():
        if before is not None and _goes_on(script, *before):
            history.at, shared = script.sequel_of, before[1]
        else:
            if before is not None:
                here.restore()
            shared = left
        history.script = script
        found[place] = result = conclude(history)
        result.shared = shared
        before = script, result
    here.restore()
    assert history.script is whole, "the keepsake has the script"
    return found
