"""A model of `reopen` with `{"items": "resume"}`: all its steps, to be taken in every order.

Two lanes were closed with their job. A carrier (the API, the relay or a round) reads the header,
then resumes a lane's items one commit after the other, and in its last commit the lane follows the
gate. Two carriers work at once and may die; workers, a seal, a second cancel and a second reopening
come between.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

PENDING, COMPLETED, CLOSED, DROPPED = "pending", "completed", "closed", "dropped"
_UNFINISHED: Final = (PENDING,)


@dataclass(frozen=True, slots=True)
class Lane:
    gate: int
    # PENDING; COMPLETED; canceled by the closing (CLOSED) or by a command (DROPPED).
    items: tuple[str, ...]
    # How many of its first items are through, by the last one that was resumed since it closed.
    through: int = 0


@dataclass(frozen=True, slots=True)
class Carrier:
    """What it read: the gate to follow, its mode, the gate that resumes, and where it goes on."""

    lane: int
    gate: int
    mode: str
    resume_gate: int
    first: int = 0


@dataclass(frozen=True, slots=True)
class State:
    lanes: tuple[Lane, ...] = (
        Lane(1, (CLOSED, CLOSED, DROPPED)),
        Lane(1, (CLOSED, COMPLETED)),
    )
    gate: int = 2
    mode: str = "open"
    # 0: nothing is resumed.
    resume_gate: int = 2
    verdict: str | None = None
    carriers: tuple[Carrier | None, ...] = (None, None)
    # How often workers, operators and crashes may still interfere.
    commands: int = 1
    cancels: int = 1
    reopens: int = 0

    @property
    def ending(self) -> bool:
        return self.mode == "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The protocol; each False is a mutant."""

    resumes_before_following: bool = True
    spares_dropped: bool = True
    checks_gate: bool = True
    # Whether the header waits for the last lane, or only for the first.
    waits_for_all: bool = True
    # Whether the verdict waits for the lanes.
    verdict_waits: bool = True
    # Whether a carrier that finds some of a lane's items resumed goes on with the others.
    carries_on: bool = True
    # Whether a carrier goes on after what was resumed since the lane closed, or ever.
    forgets_at_closing: bool = True
    cancel_ends_it: bool = True


def steps(state: State, rules: Rules) -> Iterator[tuple[str, State]]:
    """Every step that can be taken, with the state after it."""
    if state.verdict is not None:
        yield from _carriers(state, rules)
        if state.verdict == "canceled" and state.reopens:
            gate = state.gate + 1
            again = replace(state, verdict=None, mode="open", gate=gate, resume_gate=gate)
            yield "reopens", replace(again, reopens=0)
        return
    yield from _header(state, rules)
    yield from _carriers(state, rules)
    if state.commands:
        yield from _worker(replace(state, commands=state.commands - 1))
    if state.mode == "open":
        yield "seal", replace(state, gate=state.gate + 1, mode="sealed")
    if state.cancels and not state.ending:
        resume_gate = 0 if rules.cancel_ends_it else state.resume_gate
        canceled = replace(state, gate=state.gate + 1, mode="closed", resume_gate=resume_gate)
        yield "cancel", replace(canceled, cancels=0)


def _header(state: State, rules: Rules) -> Iterator[tuple[str, State]]:
    through = [lane.gate >= state.resume_gate for lane in state.lanes]
    is_through = all(through) if rules.waits_for_all else any(through)
    if state.resume_gate and is_through:
        yield "resumed", replace(state, resume_gate=0)
        return
    followed = all(lane.gate == state.gate for lane in state.lanes)
    if state.ending and followed:
        yield "canceled", replace(state, verdict="canceled")
    unfinished = any(item in _UNFINISHED for lane in state.lanes for item in lane.items)
    ready = (followed and not state.resume_gate) or not rules.verdict_waits
    if state.mode == "sealed" and ready and not unfinished:
        yield "completed", replace(state, verdict="completed")


def _carriers(state: State, rules: Rules) -> Iterator[tuple[str, State]]:
    for number, carrier in enumerate(state.carriers):
        if carrier is not None:
            yield f"{number} dies", _with_carrier(state, number, None)
            yield from _carry(state, number, carrier, rules)
        elif state.verdict is None:
            for index, lane in enumerate(state.lanes):
                if lane.gate < state.gate:
                    read = Carrier(index, state.gate, state.mode, state.resume_gate, lane.through)
                    yield f"{number} reads", _with_carrier(state, number, read)


def _carry(
    state: State, number: int, carrier: Carrier, rules: Rules
) -> Iterator[tuple[str, State]]:
    lane = state.lanes[carrier.lane]
    resumes = lane.gate < carrier.resume_gate or not rules.checks_gate
    wanted = (CLOSED,) if rules.spares_dropped else (CLOSED, DROPPED)
    left = [n for n, item in enumerate(lane.items) if item in wanted and n >= carrier.first]
    begun = any(item == PENDING for item in lane.items) and not rules.carries_on
    if resumes and carrier.resume_gate and left and rules.resumes_before_following and not begun:
        items = list(lane.items)
        items[left[0]] = PENDING
        through = max(lane.through, left[0] + 1)
        resumed = replace(lane, items=tuple(items), through=through)
        yield f"{number} resumes", _with_lane(state, carrier.lane, resumed)
        return
    after = _with_carrier(state, number, None)
    if lane.gate < carrier.gate:
        items, through = list(lane.items), lane.through
        if carrier.mode == "closed":
            items = [CLOSED if item in _UNFINISHED else item for item in items]
            through = 0 if rules.forgets_at_closing else through
        followed = Lane(carrier.gate, tuple(items), through)
        after = _with_lane(after, carrier.lane, followed)
    yield f"{number} follows", after


def _worker(state: State) -> Iterator[tuple[str, State]]:
    for number, lane in enumerate(state.lanes):
        for index, item in enumerate(lane.items):
            if item == PENDING:
                for end in (COMPLETED, DROPPED):
                    items = (*lane.items[:index], end, *lane.items[index + 1 :])
                    yield end, _with_lane(state, number, replace(lane, items=items))


def _with_carrier(state: State, number: int, carrier: Carrier | None) -> State:
    carriers = list(state.carriers)
    carriers[number] = carrier
    return replace(state, carriers=tuple(carriers))


def _with_lane(state: State, number: int, lane: Lane) -> State:
    lanes = list(state.lanes)
    lanes[number] = lane
    return replace(state, lanes=tuple(lanes))


def wrong(before: State, after: State) -> str | None:
    """What must never happen from one state to the next; None if it did not."""
    for old, new in zip(before.lanes, after.lanes, strict=True):
        if new.gate < old.gate:
            return "a lane went back"
        pairs = zip(old.items, new.items, strict=True)
        if any(item == DROPPED != later for item, later in pairs):
            return "an item that a command canceled was resumed"
    items = {item for lane in after.lanes for item in lane.items}
    ended = before.resume_gate and not after.resume_gate and not after.ending
    if ended and CLOSED in items:
        return "the resume ended with items left"
    if after.verdict == "completed" != before.verdict and CLOSED in items:
        return "a verdict while items were still to be resumed"
    if after.verdict is not None and not items.isdisjoint(_UNFINISHED):
        return "an item is unfinished after the verdict"
    return None


def carried_on(state: State, rules: Rules) -> State:
    """The state after the rounds alone, once every other process has died."""
    state = replace(state, carriers=(None, None), commands=0, cancels=0, reopens=0)
    for _ in range(100):
        taken = [(name, after) for name, after in steps(state, rules) if _of_a_round(name)]
        if not taken:
            return state
        state = taken[0][1]
    raise AssertionError(f"the rounds come to no end: {state}")


def _of_a_round(name: str) -> bool:
    return name in ("resumed", "canceled", "completed", "0 reads", "0 resumes", "0 follows")
