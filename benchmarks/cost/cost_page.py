"""Write the tables and the plot of docs/costs.md from the stored results, and check the bounds.

The results stand in benchmarks/results; `benchmarks.cost.job_meter` and
`benchmarks.cost.growth_on_engine` measure them. `python -m benchmarks.cost.cost_page` fails where a
bound is missed.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.cost import cost_tables, growth, job_prices
from benchmarks.cost.bounds import Bound, print_bounds
from benchmarks.cost.job_meter import ENGINE_RESULTS, ResultsFile
from benchmarks.markdown import fill_markers

_DOCS: Final = Path(__file__).parent.parent.parent / "docs"
PAGE: Final = _DOCS / "costs.md"
PLOT: Final = _DOCS / "growth.svg"


def bounds() -> Sequence[Bound]:
    metered, engine = ResultsFile().by_name, ResultsFile(ENGINE_RESULTS).by_name
    return [
        *cost_tables.bounds(metered),
        *job_prices.bounds(metered),
        *growth.bounds(metered),
        *growth.engine_bounds(engine),
    ]


def page(text: str) -> str:
    """The page with its tables as they follow from the stored results."""
    metered, engine = ResultsFile().by_name, ResultsFile(ENGINE_RESULTS).by_name
    lines = (f"- {bound.text} {'Met.' if bound.met else '**Missed.**'}" for bound in bounds())
    return fill_markers(
        text,
        {
            "bounds": "\n".join(lines),
            **cost_tables.parts(metered),
            **job_prices.parts(metered),
            "growth": growth.growth_table(metered),
            "growth-fixed": growth.fixed_table(metered),
            "growth-engine": growth.engine_table(engine),
        },
    )


def plot() -> str:
    return growth.plot(ResultsFile().by_name, ResultsFile(ENGINE_RESULTS).by_name)


def main() -> int:
    PAGE.write_text(page(PAGE.read_text()))
    PLOT.write_text(plot())
    return print_bounds(bounds())


if __name__ == "__main__":
    sys.exit(main())
