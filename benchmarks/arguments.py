"""Command-line arguments of the benchmarks: numbers within bounds."""

import argparse
import math

from tests.simulation.arguments import positive


def parse_numbers(description: str | None, **defaults: int) -> list[int]:
    """Optional positional integers, each at least 1, in the order of `defaults`."""
    parser = argparse.ArgumentParser(description=description)
    for name, default in defaults.items():
        parser.add_argument(name, type=positive, nargs="?", default=default)
    return list(vars(parser.parse_args()).values())


def fraction(text: str) -> float:
    number = _number(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 1, not {text}")
    return number


def positive_seconds(text: str) -> float:
    number = _number(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number above 0, not {text}")
    return number


def _number(text: str) -> float:
    """NaN for text that is no number: it is outside of every bound."""
    try:
        return float(text)
    except ValueError:
        return math.nan
