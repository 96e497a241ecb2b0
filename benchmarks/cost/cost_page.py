"""Writes the tables of docs/costs.md and its plot from what was measured, and judges them.

What was measured stands in benchmarks/results; `benchmarks.cost.job_meter` and
`benchmarks.cost.growth_on_engine` measure it anew. `python -m benchmarks.cost.cost_page` fails
where a bound is missed.
"""

import sys
from pathlib import Path
from typing import Final

from benchmarks.cost import cost_tables, growth
from benchmarks.cost.job_meter import ENGINE_RESULTS, Results
from benchmarks.markdown import filled

_DOCS: Final = Path(__file__).parent.parent.parent / "docs"
PAGE: Final = _DOCS / "costs.md"
PLOT: Final = _DOCS / "growth.svg"


def verdicts() -> list[tuple[str, bool]]:
    metered, engine = Results().by_name, Results(ENGINE_RESULTS).by_name
    return [
        *cost_tables.verdicts(metered),
        *growth.verdicts(metered),
        *growth.engine_verdicts(engine),
    ]


def page(text: str) -> str:
    """The page with its tables as they follow from what was measured."""
    metered, engine = Results().by_name, Results(ENGINE_RESULTS).by_name
    lines = (f"- {line} {'Kept.' if kept else '**Missed.**'}" for line, kept in verdicts())
    return filled(
        text,
        {
            "verdicts": "\n".join(lines),
            **cost_tables.parts(metered),
            "growth": growth.growth_table(metered),
            "growth-fixed": growth.fixed_table(metered),
            "growth-engine": growth.engine_table(engine),
        },
    )


def plot() -> str:
    return growth.plot(Results().by_name, Results(ENGINE_RESULTS).by_name)


def main() -> int:
    PAGE.write_text(page(PAGE.read_text()))
    PLOT.write_text(plot())
    for line, kept in verdicts():
        print(f"{line} {'Kept.' if kept else 'MISSED.'}")
    return int(not all(kept for _, kept in verdicts()))


if __name__ == "__main__":
    sys.exit(main())
