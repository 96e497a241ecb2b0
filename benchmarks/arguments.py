"""What a benchmark is asked for on its command line: numbers, each with a bound."""

import argparse
import math

from tests.simulation.arguments import positive


def numbers(told: str | None, **defaults: int) -> list[int]:
    """Numbers by their place, each one or more; those that are not given are the defaults."""
    parser = argparse.ArgumentParser(description=told)
    for name, default in defaults.items():
        parser.add_argument(name, type=positive, nargs="?", default=default)
    return list(vars(parser.parse_args()).values())


def share_of_all(text: str) -> float:
    """Nothing to all."""
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
    """No number where the text is none, which is within no bounds."""
    try:
        return float(text)
    except ValueError:
        return math.nan
