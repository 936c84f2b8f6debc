"""What the benchmarks' command lines share."""

from __future__ import annotations

import argparse
from pathlib import Path


def parser_for(described: str | None) -> argparse.ArgumentParser:
    """Make a parser whose help is the benchmark's own description.

    Args:
        described: The benchmark's docstring.
    """
    parser = argparse.ArgumentParser(
        description=described, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print figures for a program to read")
    return parser


def positive(text: str) -> int:
    """Read a whole number of at least one."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return number


def seconds(text: str) -> float:
    """Read a time of zero seconds or more."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds, 0 or more")
    return number


def directory(text: str) -> Path:
    """Read a directory's path; it is made absolute, for processes that work elsewhere."""
    path = Path(text).resolve()
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no directory; make it, or name another")
    return path
