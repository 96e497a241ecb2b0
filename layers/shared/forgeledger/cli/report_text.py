"""How a job went, as text for people."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from forgeledger.cli.output import aligned, duration, facts, moment
from forgeledger.plural import plural

if TYPE_CHECKING:
    from forgeledger.sdk.job_report import EpochReport, Report

_STATES = ("completed", "failed", "canceled", "inProgress", "pending")


def report_lines(report: "Report") -> Iterator[str]:
    yield from facts(
        [
            ("job", report.job_id),
            ("name", report.name),
            ("status", report.status),
            ("outcome", report.outcome or "none yet"),
            ("reason", report.outcome_reason),
            ("claims", report.claims),
            ("failures", report.failures),
            ("expired", report.expired),
            ("released", report.released),
            ("waited", duration(report.queue_ms / 1_000)),
            ("worked", duration(report.run_ms / 1_000)),
        ]
    )
    yield ""
    yield from aligned([_epoch_cells(epoch) for epoch in report.epochs])
    if report.failures_by_type:
        yield "Failed items by type of error:"
        for failure in report.failures_by_type:
            yield f"  {failure.type}: {failure.count:,}"


def _epoch_cells(epoch: "EpochReport") -> list[str]:
    counts = ", ".join(
        f"{epoch.counts[state]:,} {_words(state)}" for state in _STATES if epoch.counts.get(state)
    )
    took = "" if epoch.duration_ms is None else f"in {duration(epoch.duration_ms / 1_000)}"
    items = plural(epoch.counts.get("total", 0), "item")
    shown = f"{items}: {counts}" if counts else items
    return [f"epoch {epoch.epoch}", moment(epoch.opened_at), epoch.status, took, shown]


def _words(state: str) -> str:
    return "in progress" if state == "inProgress" else state
