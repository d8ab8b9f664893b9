"""A promise and what it came to."""

from dataclasses import dataclass

from benchmarks.promises.interleaved import Ratio


@dataclass(frozen=True)
class Judgement:
    """What is promised, in words with its bound, what was measured, and whether it holds."""

    promise: str
    measured: str
    holds: bool


def at_most(promise: str, ratio: Ratio, bound: float) -> Judgement:
    """A promise that something takes at most `bound` times as long; a figure that noise may have made says so."""
    measured = f"{100 * (ratio.value - 1):+.1f} %, noise {100 * ratio.noise:.1f} %"
    if ratio.noise > (bound - 1) / 2:
        measured += ": run it on a quieter machine"
    return Judgement(promise, measured, ratio.value <= bound)
