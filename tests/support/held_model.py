"""A model of jobs that are held: their start, pauses and ends, to be taken in every order.

The header changes in one step; a carrier (the API, the relay or a round) reads its gate and then
lets a lane follow, or dies before. One is slow, others come between. Workers claim in each lane,
operators pause, resume, start, seal and cancel, and the clock moves on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

PENDING, CLAIMED, COMPLETED, CLOSED = "pending", "claimed", "completed", "closed"
SCHEDULED, RUNNING = "scheduled", "running"
_LATEST: Final = 2
OPERATORS: Final = ("pause", "pause until", "resume", "start", "seal", "cancel")


@dataclass(frozen=True, slots=True)
class HeldLane:
    gate: int = 0
    mode: str = "open"
    held: bool = False
    item: str = PENDING


@dataclass(frozen=True, slots=True)
class HeldCarrier:
    """What it read of the header, for one lane."""

    lane: int
    gate: int
    mode: str
    held: bool
    resume_gate: int


@dataclass(frozen=True, slots=True)
class HeldState:
    lanes: tuple[HeldLane, ...]
    status: str
    now: int = 0
    execute_at: int = 0
    gate: int = 0
    mode: str = "open"
    held: bool = False
    paused_until: int | None = None
    resume_gate: int = 0
    # The steps of operators that may still come, and the claims.
    operators: tuple[str, ...] = OPERATORS
    # The slow one.
    carrier: HeldCarrier | None = None

    @property
    def ending(self) -> bool:
        return self.mode == "closed"

    @property
    def finished(self) -> bool:
        return self.status not in (SCHEDULED, RUNNING)


_HELD: Final = HeldLane(held=True)
# One that waits for its time; one that runs; one whose canceled items are being resumed.
BEGINNINGS: Final = (
    HeldState(lanes=(_HELD, _HELD), status=SCHEDULED, execute_at=1, held=True),
    HeldState(lanes=(HeldLane(), HeldLane(item=COMPLETED)), status=RUNNING),
    HeldState(
        lanes=(HeldLane(1, "closed", item=CLOSED), HeldLane(1, "closed", item=COMPLETED)),
        status=RUNNING,
        gate=2,
        resume_gate=2,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRules:
    """The protocol; each False is a mutant."""

    claims_look: bool = True
    waits_for_its_time: bool = True
    starts_at_its_time: bool = True
    pauses_end: bool = True
    # Whether start, pause and resume are new gates.
    start_is_a_gate: bool = True
    pause_is_a_gate: bool = True
    resume_is_a_gate: bool = True
    follows_upwards_only: bool = True
    # Whether a lane that follows a seal stays held.
    seal_keeps_held: bool = True
    verdict_waits_for_start: bool = True
    closing_ends_the_hold: bool = True
    start_ends_with_closing: bool = True
    resumes_items_first: bool = True


def steps(state: HeldState, rules: HeldRules) -> Iterator[tuple[str, HeldState]]:
    """Every step that can be taken, with the state after it."""
    if state.now < _LATEST:
        yield "time", replace(state, now=state.now + 1)
    yield from _carriers(state, rules)
    yield from _workers(state, rules)
    if state.finished:
        return
    yield from _header(state, rules)
    for name in state.operators:
        rest = tuple(other for other in state.operators if other != name)
        after = _operated(state, name, rules)
        if after is not None:
            yield name, replace(after, operators=rest)


def _operated(state: HeldState, name: str, rules: HeldRules) -> HeldState | None:
    if state.ending:
        return None
    if name == "start" and state.status == SCHEDULED:
        return _started(state, rules)
    if name in ("pause", "pause until") and state.status == RUNNING:
        until = state.now + 1 if name == "pause until" else None
        moved = rules.pause_is_a_gate and not state.held
        return replace(state, held=True, paused_until=until, gate=state.gate + moved)
    if name == "resume" and state.status == RUNNING and state.held:
        return _resumed(state, rules)
    if name == "seal" and state.mode == "open":
        return replace(state, mode="sealed", gate=state.gate + 1)
    if name == "cancel":
        held = state.held and not rules.closing_ends_the_hold
        until = state.paused_until if held else None
        closing = replace(state, mode="closed", gate=state.gate + 1, resume_gate=0)
        return replace(closing, held=held, paused_until=until)
    return None


def _started(state: HeldState, rules: HeldRules) -> HeldState:
    gate = state.gate + rules.start_is_a_gate
    return replace(state, status=RUNNING, held=False, gate=gate)


def _resumed(state: HeldState, rules: HeldRules) -> HeldState:
    gate = state.gate + rules.resume_is_a_gate
    return replace(state, held=False, paused_until=None, gate=gate)


def _header(state: HeldState, rules: HeldRules) -> Iterator[tuple[str, HeldState]]:
    """The steps that follow by themselves, in the order of the ledger."""
    followed = all(lane.gate >= state.gate for lane in state.lanes)
    if state.ending and rules.start_ends_with_closing:
        if followed:
            yield "canceled", replace(state, status="canceled", held=False)
        return
    come = state.now >= state.execute_at or not rules.waits_for_its_time
    if state.status == SCHEDULED and come and rules.starts_at_its_time:
        yield "start by time", _started(state, rules)
        return
    if state.paused_until is not None and state.now >= state.paused_until and rules.pauses_end:
        yield "resume by time", _resumed(state, rules)
        return
    if state.ending:
        if followed:
            yield "canceled", replace(state, status="canceled", held=False)
        return
    if state.resume_gate and all(lane.gate >= state.resume_gate for lane in state.lanes):
        yield "items resumed", replace(state, resume_gate=0)
        return
    if state.status == SCHEDULED and rules.verdict_waits_for_start:
        return
    done = all(lane.item == COMPLETED for lane in state.lanes)
    if state.mode == "sealed" and done and followed:
        yield "completed", replace(state, status="completed", held=False, paused_until=None)


def _carriers(state: HeldState, rules: HeldRules) -> Iterator[tuple[str, HeldState]]:
    if state.carrier is not None:
        yield "slow one dies", replace(state, carrier=None)
        yield "slow one carries", _carried(state, state.carrier, rules)
    if state.finished:
        return
    for index, lane in enumerate(state.lanes):
        if lane.gate < state.gate:
            read = HeldCarrier(index, state.gate, state.mode, state.held, state.resume_gate)
            yield "carries", _carried(state, read, rules)
            if state.carrier is None:
                yield "slow one reads", replace(state, carrier=read)


def _carried(state: HeldState, carrier: HeldCarrier, rules: HeldRules) -> HeldState:
    lane = state.lanes[carrier.lane]
    through = lane.gate >= carrier.resume_gate or not rules.resumes_items_first
    if not through and lane.item == CLOSED:
        # The commits that resume its items, then that by which it follows.
        return _with_lane(state, carrier.lane, replace(lane, item=PENDING))
    after = replace(state, carrier=None) if carrier is state.carrier else state
    if carrier.gate <= lane.gate and rules.follows_upwards_only:
        return after
    item = lane.item
    if carrier.mode == "closed" and item in (PENDING, CLAIMED):
        item = CLOSED
    held = carrier.held and (rules.seal_keeps_held or carrier.mode != "sealed")
    return _with_lane(after, carrier.lane, HeldLane(carrier.gate, carrier.mode, held, item))


def _workers(state: HeldState, rules: HeldRules) -> Iterator[tuple[str, HeldState]]:
    for number, lane in enumerate(state.lanes):
        if lane.item == PENDING and not (lane.held and rules.claims_look):
            yield "claim", _with_lane(state, number, replace(lane, item=CLAIMED))
        # Reports are taken as ever, also without a claim.
        if lane.item in (PENDING, CLAIMED):
            yield "complete", _with_lane(state, number, replace(lane, item=COMPLETED))


def _with_lane(state: HeldState, number: int, lane: HeldLane) -> HeldState:
    lanes = list(state.lanes)
    lanes[number] = lane
    return replace(state, lanes=tuple(lanes))


def wrong(name: str, before: HeldState, after: HeldState) -> str | None:
    """What must never happen from one state to the next; None if it did not."""
    if name == "claim":
        return _wrong_claim(before, after)
    if name == "start by time" and (before.now < before.execute_at or before.ending):
        return "started before its time, or while it ends"
    if after.held and (after.ending or after.finished):
        return "held at its end"
    if name == "completed" and before.status == SCHEDULED:
        return "a verdict before the start"
    if not after.finished:
        for lane in after.lanes:
            same = (lane.mode, lane.held) == (after.mode, after.held)
            if lane.gate == after.gate and not same:
                return "a gate stands for two things"
    if any(new.gate < old.gate for old, new in zip(before.lanes, after.lanes, strict=True)):
        return "a lane went back"
    return None


def _wrong_claim(before: HeldState, after: HeldState) -> str | None:
    pairs = zip(before.lanes, after.lanes, strict=True)
    if any(old.held for old, new in pairs if old != new):
        return "a claim is granted in a held lane"
    return "a claim is granted before the start" if before.status == SCHEDULED else None


def carried_on(state: HeldState, rules: HeldRules) -> HeldState:
    """The state after the rounds alone, long after every other process has died."""
    state = replace(state, carrier=None, operators=(), now=_LATEST + 1)
    for _ in range(100):
        taken = [after for name, after in steps(state, rules) if _of_a_round(name)]
        if not taken:
            return state
        state = taken[0]
    raise AssertionError(f"the rounds come to no end: {state}")


def _of_a_round(name: str) -> bool:
    by_itself = ("start by time", "resume by time", "items resumed", "canceled", "completed")
    return name in (*by_itself, "carries")


def stuck(rest: HeldState) -> str | None:
    """What is left half done where nothing more comes but rounds."""
    if rest.finished:
        return None
    if rest.status == SCHEDULED:
        return "never started"
    if rest.ending:
        return "never canceled"
    if rest.paused_until is not None:
        return "a pause with an end does not end"
    if any(lane.gate < rest.gate for lane in rest.lanes):
        return "a lane lags for ever"
    if not rest.held and any(lane.held for lane in rest.lanes):
        return "a lane is held for ever"
    if any(lane.item == CLOSED for lane in rest.lanes):
        return "an item is not resumed"
    return None
