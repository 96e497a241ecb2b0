"""Each event and fact names the client that asked for it, or nobody."""

from collections.abc import Collection, Mapping

from forgeledger.jobs.model.events import Event, EventKind
from forgeledger.jobs.model.facts import Fact, FactKind
from tests.simulation.hold_checks import steps_of_gates
from tests.simulation.job_checks import ObservedJob
from tests.simulation.lane_checks import Violation
from tests.simulation.request_checks import RequestLog
from tests.simulation.table import RowChange

_NOBODY: Collection[str | None] = (None,)


def check_clients(
    log: RequestLog,
    jobs: Mapping[str, ObservedJob],
    partitions: Mapping[str, list[RowChange]],
    lane_events: Mapping[str, list[Event]],
) -> None:
    """Check all events and facts of one commit."""
    retriers = {
        event.client_id
        for events in lane_events.values()
        for event in events
        if event.kind is EventKind.RETRIED
    }
    for pk, changes in partitions.items():
        for change in changes:
            if change.sk.startswith("FACT#") and change.old is None:
                observed = jobs[pk]
                fact = observed.facts[int(change.sk[5:])]
                askers = _askers_of_fact(log, observed, fact, retriers)
                _check(f"{pk} fact {fact.number} {fact.kind}", fact.client_id, askers)
    for pk, events in lane_events.items():
        job_pk = pk.rpartition("#")[0]
        for event in events:
            askers = _askers_of_event(log, jobs[job_pk], event)
            _check(f"{pk} {event.kind} {event.item_id}", event.client_id, askers)


def _check(where: str, client_id: str | None, askers: Collection[str | None]) -> None:
    if client_id not in askers:
        raise Violation(f"{where}: asked for by {client_id}, not by one of {askers}")


def _askers_of_event(
    log: RequestLog, observed: ObservedJob, event: Event
) -> Collection[str | None]:
    if event.kind is EventKind.GATED:
        # Whoever writes it: a lane follows in the name of the step's client.
        return (steps_of_gates(observed.facts)[(event.gate or 0) - 1].client_id,)
    if event.kind is EventKind.RESUMED:
        # In the name of the latest step that its writer saw.
        epoch = observed.job.epoch
        return {fact.client_id for fact in observed.facts if fact.epoch == epoch}
    if event.mark is None:
        return _NOBODY
    # Commands from the queue have no client.
    return log.clients.get((observed.job.job_id, event.mark), _NOBODY)


def _askers_of_fact(
    log: RequestLog, observed: ObservedJob, fact: Fact, retriers: Collection[str | None]
) -> Collection[str | None]:
    job_id, spec = observed.job.job_id, observed.job.spec
    match fact.kind:
        case FactKind.CREATED:
            return log.creators[spec.name]
        case FactKind.SEALED:
            by_itself = _NOBODY if spec.expected_items is not None else ()
            return {*log.seals.get(job_id, ()), *by_itself}
        case FactKind.CLOSING if fact.reason == "canceled":
            return log.cancels[job_id]
        case FactKind.CANCELED if fact.reason == "canceled":
            closings = (past for past in observed.facts if past.kind is FactKind.CLOSING)
            return [past.client_id for past in closings if past.epoch == fact.epoch]
        case FactKind.STARTED:
            return {*log.starts.get(job_id, ()), None}
        case FactKind.PAUSED:
            return log.pauses[job_id]
        case FactKind.RESUMED:
            return {*log.pause_ends.get(job_id, ()), None}
        case FactKind.REOPENED:
            return retriers or log.reopens[job_id]
        case _:
            return _NOBODY
