"""`forgeledger demo`: run a job locally, with failures on the way, and check every guarantee."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated

import typer

from forgeledger.cli import exit_codes
from forgeledger.cli.command import Needs, command
from forgeledger.cli.error_messages import WrongValue
from forgeledger.cli.session import Session

app = typer.Typer()


@command(
    app,
    "demo",
    needs=Needs.NOTHING,
    example="forgeledger demo --items 1000 --workers 4 --fail 2%",
)
def demo(
    session: Session,
    *,
    items: Annotated[int, typer.Option(min=1, max=100_000, help="How many items.")] = 1_000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many worker processes.")] = 4,
    fail: Annotated[str, typer.Option(help="The share whose first attempt fails.")] = "2%",
    down: Annotated[bool, typer.Option("--down", help="Stop the local cloud afterwards.")] = False,
) -> None:
    """Run a job locally and check every guarantee.

    Starts the local cloud if it is down. Some items fail and are retried, some work messages
    arrive twice, and one worker is killed. The exit code is 1 if a guarantee did not hold.
    """
    from forgeledger.cli.demo_setup import progress_printer, set_up_demo
    from forgeledger.cli.demo_text import document, lines
    from forgeledger.demo.plan import Plan
    from forgeledger.demo.scenario import run_demo

    plan = Plan(items=items, workers=workers, fail_share=_share(fail))
    with ExitStack() as stack:
        with _sigterm_as_ctrl_c(), progress_printer(session) as printer:
            setup = set_up_demo(session, printer)
            if down:
                stack.callback(setup.shut_down)
            result = run_demo(plan, setup.target, printer)
        session.output.record(document(result), lines(result, stays_up=not down))
    if not result.all_held:
        raise typer.Exit(exit_codes.NOT_AS_HOPED)


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """SIGTERM ends the demo by an exception too, so that it removes what it made."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _share(text: str) -> float:
    number = text.removesuffix("%")
    try:
        share = float(number) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise WrongValue("--fail", f"{text!r} is not a share such as 2% or 0.02") from None
    if not 0 <= share <= 1:
        raise WrongValue("--fail", f"{text} is not from 0% to 100%")
    return share
