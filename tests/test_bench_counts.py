"""`make bench-counts`: nothing in the schema goes uncounted, and what costs more than it should is found."""

from dataclasses import replace
from pathlib import Path

import pytest
from graphql import GraphQLSchema

from auth.scopes import Scope
from benchmarks import figures
from benchmarks.counting import Wire, calls_during
from benchmarks.estate import Estate
from benchmarks.figures import ALLOWED, PYTHON, Figures, Release
from benchmarks.operation import Operation, Request
from benchmarks.operations import operations, uncounted
from benchmarks.runner import Runner, WrongAnswer
from schema.graph import Graph
from tests import estate as tests_estate
from tests.ask import caller_of
from tests.clock import HeldClock

FLAT = Figures(small=3, large=3, bounds=2, calls=1_000)


def test_every_root_field_has_an_operation(built: GraphQLSchema) -> None:
    """The message says where a missing one is added."""
    assert uncounted(built, operations(built)) == []


def test_a_root_field_that_nothing_counts_is_told_with_its_place(built: GraphQLSchema) -> None:
    """For each kind of operation the file that lists them."""
    listed = operations(built)
    kept = [each for each in listed if each.field not in {"Query.devices", "Mutation.createArea"}]
    then = "then make bench-counts ARGS=--write"
    assert [each for each in uncounted(built, kept) if each not in uncounted(built, listed)] == [
        f"Query.devices has no operation: add one to benchmarks/queries.py, {then}",
        f"Mutation.createArea has no operation: add one to LINES in benchmarks/mutations.py, {then}",
    ]


def test_every_operation_has_committed_figures(built: GraphQLSchema) -> None:
    """Each once, and none is left of an operation that is gone: otherwise `make bench-counts ARGS=--write`."""
    assert sorted(figures.read().operations) == sorted(each.name for each in operations(built))


def test_statements_that_grow_with_the_rows_are_found() -> None:
    """Also where the last release's grew just as much."""
    [said] = figures.growing({"a": FLAT, "b": replace(FLAT, large=4)}, may_grow=[])
    assert said.startswith("b: 3 statements in the small estate, 4 in the large one. They must not grow")


def test_what_is_declared_to_grow_may() -> None:
    """By its name alone; the others may not."""
    growing = replace(FLAT, large=4)
    [said] = figures.growing({"a": growing, "b": growing}, may_grow=["a"])
    assert said.startswith("b: ")


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_statement_more_than_in_the_last_release_is_found(size: str) -> None:
    """In either estate; fewer are welcome."""
    more = replace(FLAT, small=3 + (size == "small"), large=3 + (size == "large"))
    assert [*figures.risen({"a": more}, Release(PYTHON, {"a": FLAT}))] == [
        f"a: 4 statements in the {size} estate, 3 in the last release."
    ]
    assert [*figures.risen({"a": FLAT}, Release(PYTHON, {"a": more}))] == []


def test_calls_may_rise_by_a_tenth_and_no_further() -> None:
    """Against the last release's figure, on the same Python."""
    release = Release(PYTHON, {"a": FLAT})
    assert [*figures.risen({"a": replace(FLAT, calls=round(1_000 * ALLOWED))}, release)] == []
    assert [*figures.risen({"a": replace(FLAT, calls=1_101)}, release)] == [
        "a: 1,101 calls of Python, 10 % more than the 1,000 of the last release; 10 % are let pass."
    ]


def test_calls_of_another_python_are_not_compared() -> None:
    """It inlines what this one calls; statements are compared all the same."""
    release = Release("2.7", {"a": FLAT})
    assert [*figures.risen({"a": replace(FLAT, calls=9_999)}, release)] == []
    assert len([*figures.risen({"a": replace(FLAT, calls=9_999, large=4)}, release)]) == 1


def test_more_than_one_statement_has_to_be_explained() -> None:
    """None at all too; one needs no words."""
    one, none = replace(FLAT, small=1, large=1), replace(FLAT, small=0, large=0)
    said = [*figures.unexplained({"a": FLAT, "b": FLAT, "c": one, "d": none}, {"a": "one for each edge", "c": ""})]
    assert [each.partition(":")[0] for each in said] == ["b", "d"]


def test_figures_are_read_as_they_were_written(tmp_path: Path) -> None:
    """With the Python that made the calls, and None where calls are not counted."""
    counted = {"a": FLAT, "b": replace(FLAT, calls=None)}
    figures.write(counted, tmp_path / "counts.json")
    assert figures.read(tmp_path / "counts.json") == Release(PYTHON, counted)


async def test_calls_of_python_functions_are_counted() -> None:
    """The same number each time: the work itself, its two calls of a function, and the end of counting."""

    def nothing() -> None:
        pass

    async def work() -> None:
        nothing()
        nothing()

    async def idle() -> None:
        pass

    assert await calls_during(work) - await calls_during(idle) == 2


@pytest.mark.parametrize("document", ["{ devices { totalCount } }", "{ nothing }"])
async def test_figures_of_a_refusal_are_no_figures(
    graph: Graph, acme: tests_estate.Estate, clock: HeldClock, document: str
) -> None:
    """An operation that stops working fails the run instead of becoming cheap."""
    estate = Estate(1, caller_of(acme.tenant, clock, frozenset({Scope.AREAS_READ})), {})
    operation = Operation("a", "Query.devices", Request(document))
    with pytest.raises(WrongAnswer, match=r"^a: "):
        await Runner(graph, Wire()).statements(operation, estate)
