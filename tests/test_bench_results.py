"""`make bench`: figures of rounds, their medians and ratios, and what is judged by them."""

from dataclasses import replace

import pytest

from benchmarks.promises.interleaved import Ratio, ratio
from benchmarks.promises.promise import at_most
from benchmarks.timed.aims import AIMS, judged
from benchmarks.timed.cases import BY_KEY
from benchmarks.timed.results import medians, middle
from benchmarks.timed.targets import KEYS
from tests.timing import FIGURE, figure, results


def test_the_median_of_each_figure_is_taken_by_itself() -> None:
    """One round may be the fastest and another the one with the shortest wait."""
    rounds = [replace(figure(10), p50=0.3), replace(figure(30), p50=0.2), replace(figure(20), p50=0.1)]
    assert middle(rounds) == replace(figure(20), p50=0.2)
    assert medians({("tree", "tenantry"): iter(rounds)}) == {("tree", "tenantry"): replace(figure(20), p50=0.2)}


def test_what_one_round_lacks_the_median_lacks() -> None:
    """Where PostgreSQL's processes cannot be seen, nothing is made up."""
    assert middle([FIGURE, replace(FIGURE, database=None)]).database is None


def test_a_ratio_is_ours_by_theirs() -> None:
    """Twice as many requests a second is 2, whatever the case is compared with."""
    measured = results({("tree", "tenantry"): 200, ("tree", "limit"): 100, ("tree10", "tenantry"): 20})
    assert measured.ratio("tree", "tenantry", "limit") == 2
    assert measured.ratio("tree", "limit", "tenantry") == 0.5
    assert measured.ratio("tree", "tenantry", "tenantry", "tree10") == 10


def test_what_was_not_measured_has_no_ratio() -> None:
    """A peer that is left out is no peer with nothing."""
    measured = results({("tree", "tenantry"): 200})
    assert measured.ratio("tree", "tenantry", "limit") is None
    assert measured.ratio("point", "tenantry", "tenantry", "tree") is None
    assert measured.growth("tree10", "tenantry") is None


def test_memory_is_told_in_sizes_of_the_answer() -> None:
    """2,500 bytes more for an answer of 1,000."""
    assert results({("tree10", "tenantry"): 1}).growth("tree10", "tenantry") == 2.5


def test_aims_are_judged_by_what_was_measured_alone() -> None:
    """A cost may be at most its bound, a speed at least."""
    measured = results({("tree", "tenantry"): 96, ("tree", "limit"): 100, ("tree10", "tenantry"): 8})
    found = {(each.aim.case, each.aim.against): each.holds for each in judged(measured)}
    assert found == {
        ("tree", "the bare limit"): True,
        ("tree10", "the time of our tree"): False,
        ("tree10", "memory, in sizes of the answer"): True,
    }


def test_every_aim_is_of_a_case_and_a_server_that_there_are() -> None:
    """With all of them measured, none is left out."""
    everything = results({(case, server): 100 for case in BY_KEY for server in KEYS})
    assert [each.aim for each in judged(everything)] == [*AIMS]


@pytest.mark.parametrize(("value", "holds"), [(1.25, True), (1.26, False), (0.7, True)])
def test_a_promise_holds_up_to_its_bound(value: float, *, holds: bool) -> None:
    """The figure is told in percent."""
    judgement = at_most("p", Ratio(value, 0.01), 1.25)
    assert judgement.holds is holds
    assert judgement.measured == f"{100 * (value - 1):+.1f} %, noise 1.0 %"


def test_a_figure_that_noise_may_have_made_says_so() -> None:
    """Where the same thing differed from itself by more than half of what is allowed."""
    assert "quieter machine" not in at_most("p", Ratio(1.3, 0.12), 1.25).measured
    assert "quieter machine" in at_most("p", Ratio(1.3, 0.13), 1.25).measured


async def test_a_ratio_tells_how_often_what_is_measured_ran() -> None:
    """At least twenty times each, in turns, the first twice in each; whoever begins changes."""
    ran: list[str] = []

    async def without() -> None:
        ran.append("without")

    async def with_it() -> None:
        ran.append("with")

    await ratio(without, with_it, seconds=0)
    turns = [ran[at : at + 3] for at in range(0, len(ran), 3)]
    assert len(turns) == 21
    assert all(turn == ["without", "with", "without"] for turn in turns)
