"""The smallest set of scopes: found exactly, and where that would take too long, without one too many."""

from collections.abc import Iterable
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auth import smallest as searching
from auth.requirement import AUTHENTICATED, PUBLIC, Requirement, all_of, any_of
from auth.scopes import Scope
from auth.smallest import meets, smallest
from tests.hostile import calls

SCOPES = sorted(Scope)[:7]
A, B, C, D = SCOPES[:4]
SETS = st.frozensets(st.sampled_from(SCOPES), max_size=3)
REQUIREMENTS = st.lists(
    st.lists(SETS.filter(bool), max_size=4).map(lambda choices: Requirement(tuple(choices))), max_size=7
)


def every_set() -> Iterable[frozenset[Scope]]:
    """Every set of these scopes, the small ones first."""
    for size in range(len(SCOPES) + 1):
        yield from map(frozenset, combinations(SCOPES, size))


@settings(max_examples=300, deadline=None, database=None)
@given(asked=REQUIREMENTS, held=SETS)
def test_no_set_is_smaller(asked: list[Requirement], held: frozenset[Scope]) -> None:
    """Of all sets that would do it is among the smallest, and of those among the ones that lack the fewest."""
    enough = [each for each in every_set() if meets(each, asked)]
    best = min((len(each), len(each - held)) for each in enough)
    found = smallest(asked, held)
    assert meets(found, asked)
    assert (len(found), len(found - held)) == best


@settings(max_examples=200, deadline=None, database=None)
@given(asked=REQUIREMENTS, held=SETS)
def test_without_time_to_search_no_scope_is_one_too_many(asked: list[Requirement], held: frozenset[Scope]) -> None:
    """What is found greedily will do, and none of it could be left out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "MOST_STEPS", 0)
        found = smallest(asked, held)
    assert meets(found, asked)
    assert not any(meets(found - {scope}, asked) for scope in found)


def test_what_one_asks_for_anyway_serves_the_others_too() -> None:
    """Choosing for each alone would take three."""
    assert smallest([any_of(A, D), any_of(B, D), any_of(C, D)], frozenset()) == {D}
    assert smallest([all_of(A, B), any_of(C, B)], frozenset({C})) == {A, B}


def test_whoever_asks_for_nothing_needs_nothing() -> None:
    """Nor does nobody."""
    assert smallest([AUTHENTICATED, PUBLIC], frozenset()) == smallest([], frozenset()) == frozenset()


def test_the_search_is_bounded() -> None:
    """Every pair of twenty scopes: hundreds of requirements with a choice."""
    pairs = [any_of(one, other) for one, other in combinations(sorted(Scope)[:20], 2)]
    found: list[frozenset[Scope]] = []
    assert calls(lambda: found.append(smallest(pairs, frozenset()))) < 2_000_000
    assert len(found[0]) == 19
