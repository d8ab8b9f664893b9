"""A promise and what it came to."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Judgement:
    """What is promised, in words with its bound, what was measured, and whether it holds."""

    promise: str
    measured: str
    holds: bool


def at_most(promise: str, ratio: float, bound: float, more: str = "") -> Judgement:
    """A promise that something takes at most `bound` times as long; `more` is told beside the figure."""
    return Judgement(promise, f"{100 * (ratio - 1):+.1f} %{more}", ratio <= bound)
