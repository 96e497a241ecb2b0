"""`forgeledger demo`: a job from its first message to its one event, with harm done on the way."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from forgeledger.cli import exit_codes
from forgeledger.cli.command import Needs, command
from forgeledger.cli.error_messages import WrongValue
from forgeledger.cli.session import Session

if TYPE_CHECKING:
    from forgeledger.demo.scenario import DemoResult


def add_to(app: typer.Typer) -> None:
    command(
        app,
        "demo",
        needs=Needs.NOTHING,
        example="forgeledger demo --items 1000 --workers 4 --fail 2%",
    )(demo)


def demo(
    session: Session,
    *,
    items: Annotated[int, typer.Option(min=1, max=100_000, help="How many items.")] = 1_000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many processes.")] = 4,
    fail: Annotated[str, typer.Option(help="The share whose first attempt fails.")] = "2%",
    down: Annotated[bool, typer.Option("--down", help="End the local cloud afterwards.")] = False,
) -> None:
    """Run a job here and hold ForgeLedger to its word.

    Starts the local cloud if it is not up. Some items fail and are retried, some messages come
    twice, and one worker is killed. The exit code is 1 if a promise did not hold.
    """
    from forgeledger.cli.demo_setup import demo_set, narrator_of
    from forgeledger.demo.plan import Plan
    from forgeledger.demo.scenario import play

    plan = Plan(items=items, workers=workers, fail_share=_share(fail))
    with _sigterm_as_ctrl_c(), narrator_of(session) as narrator:
        place = demo_set(session, narrator)
        outcome = play(plan, place.scene, narrator)
    _tell(session, outcome, down=down)
    if down:
        place.take_down()
    if not outcome.kept:
        raise typer.Exit(exit_codes.NOT_AS_HOPED)


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """Whoever ends the demo finds nothing left behind."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell(session: Session, outcome: "DemoResult", *, down: bool) -> None:
    from forgeledger.cli.demo_text import document, lines

    session.output.record(document(outcome), lines(outcome, stays_up=not down))


def _share(text: str) -> float:
    number = text.removesuffix("%")
    try:
        share = float(number) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise WrongValue("--fail", f"{text!r} is not a share such as 2% or 0.02") from None
    if not 0 <= share <= 1:
        raise WrongValue("--fail", f"{text} is not from 0% to 100%")
    return share
