"""A grant on 1 of 50 locations makes no query slower than without it by more than 30 %."""

from collections.abc import Iterator
from typing import Any

from auth.principal import Caller
from benchmarks.promises.callers import answered
from benchmarks.promises.interleaved import Work, ratio
from benchmarks.promises.promise import Judgement, at_most
from benchmarks.timed.dialects.tenantry import FIELDS, PAGED, POINT
from schema.graph import Graph

PROMISE = "a grant on 1 of 50 locations adds at most 30 % to "
BOUND = 1.30
TREE = f"""query ($at: ID!) {{ locations(first: 1, filter: {{id: {{eq: $at}}}}) {{ nodes {{ id name areas(first: 10) {{
  nodes {{ id name devices(first: 100) {{ nodes {{ {FIELDS} }} }} }} }} }} }} }}"""
PAGE = """query ($at: ID!) { devices(first: 50, filter: {locationId: {eq: $at}, status: {eq: ONLINE}},
  orderBy: NAME_ASC) { totalCount nodes { id serial name status area { name } location { name } } } }"""
COUNTS = "query ($at: ID!) { devices(filter: {locationId: {eq: $at}}) { totalCount } areas { totalCount } }"
ALL = "{ devices { totalCount } }"


async def judged(graph: Graph, whole: Caller, bound: Caller, location: str, device: str) -> list[Judgement]:
    """Each query by a caller with all of the tenant and by one with the location alone."""

    def asked(by: Caller, document: str, variables: dict[str, Any]) -> Work:
        return lambda: answered(graph, by, document, variables)

    return [
        at_most(PROMISE + name, await ratio(asked(whole, *query), asked(bound, *query)), BOUND)
        for name, query in _queries(location, device)
    ]


def _queries(location: str, device: str) -> Iterator[tuple[str, tuple[str, dict[str, Any]]]]:
    """Most ask for what the location holds, so that both answer the same; the last two for all within reach."""
    at = {"at": location}
    yield "the location's tree of 1,000 devices", (TREE, at)
    yield "a point query", (POINT, {"id": device})
    yield "a page of the location", (PAGE, at)
    yield "counts of the location", (COUNTS, at)
    yield "a page of all devices", (PAGED, {})
    yield "the count of all devices", (ALL, {})
