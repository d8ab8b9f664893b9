"""How many rows and values an operation may ask for, from its page sizes."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode
from hypothesis import given, settings
from hypothesis import strategies as st

from auth.codes import Code
from auth.limits import Limits, node_cost, parse_bounded
from tests.hostile import SCHEMA, calls, cost, fragment_bomb, is_connection, refused


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("{ tenant { id } }", {}, 0),
        ("{ locations { totalCount } }", {}, 20),
        ("{ locations(first: null) { totalCount } }", {}, 20),
        ("{ devices { totalCount } }", {}, 50),
        ("{ devices(last: 3) { totalCount } }", {}, 50),
        ("{ locations(last: 3) { totalCount } }", {}, 3),
        ("query($n: Int = 7) { locations(first: $n) { totalCount } }", {}, 7),
        ("query($n: Int = 7) { locations(first: $n) { totalCount } }", {"n": 8}, 8),
        ("query($n: Int = 7) { locations(first: $n) { totalCount } }", {"n": None}, 20),
        ("query($n: Int) { locations(first: $n) { totalCount } }", {"n": 8.0}, 8),
        ("query($n: Int) { locations(first: $n) { totalCount } }", {"n": "not an Int"}, 20),
        ("query($n: Int) { locations(first: $n) { totalCount } }", {"n": True}, 20),
        ("query($n: Int) { locations(first: $n) { totalCount } }", {"n": 10**5000}, 20),
        ("{ locations(first: 2) { nodes { tenant { locations(first: 3) { totalCount } } } } }", {}, 2 * (1 + 3)),
        ("{ a: locations(first: 2) { totalCount } b: locations(first: 3) { totalCount } }", {}, 5),
        ("{ locations(first: 2) @skip(if: true) { totalCount } }", {}, 2),
        ('{ nodes(ids: ["a", "b"]) { ... on Location { areas(first: 4) { totalCount } } } }', {}, 2 * (1 + 4)),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a", "b", "c"]}, 3),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": "a"}, 1),
        ("query($r: [Any!]!) { _entities(representations: $r) { __typename } }", {"r": [{}] * 100}, 100),
    ],
)
def test_the_cost_is_the_product_of_the_page_sizes(text: str, variables: dict[str, Any], expected: int) -> None:
    """Literals, variables, their defaults and the schema's; what is no Int is left to coercion."""
    assert cost(text, **variables) == expected


THREE_LISTS = """query($n: Int) {
  locations(first: $n) { nodes { areas(first: 10) { nodes { devices(first: 9) { nodes { id } } } } } }
}"""


@pytest.mark.parametrize(
    ("text", "variables", "code", "said"),
    [
        (THREE_LISTS, {"n": 100}, Code.LIMIT_NODES, "10,100 rows, from its page sizes; the limit is 10,000"),
        (
            "{ locations(first: 0) { totalCount } }",
            {},
            Code.BAD_USER_INPUT,
            "'first' of 'Query.locations' must be from 1",
        ),
        ("{ locations(first: 101) { totalCount } }", {}, Code.BAD_USER_INPUT, "must be from 1 to 100, not 101"),
        ("{ locations(last: -1) { totalCount } }", {}, Code.BAD_USER_INPUT, "'last' of 'Query.locations'"),
        (
            "query($n: Int) { tenant { locations(first: $n) { totalCount } } }",
            {"n": 1000},
            Code.BAD_USER_INPUT,
            "'first' of 'Tenant.locations' must be from 1 to 100, not 1,000",
        ),
        (
            "{ locations(page: 0) { totalCount } }",
            {},
            Code.BAD_USER_INPUT,
            "'page' of 'Query.locations' must be from 1",
        ),
        ("{ locations(page: 501) { totalCount } }", {}, Code.BAD_USER_INPUT, "must be from 1 to 500, not 501"),
        ("{ locations(first: 100, page: 101) { totalCount } }", {}, Code.BAD_USER_INPUT, "from 1 to 100, not 101"),
        (
            "query($r: [Any!]!) { _entities(representations: $r) { __typename } }",
            {"r": [{"__typename": "Area"}] * 5_000},
            Code.LIMIT_ENTITIES,
            "'_entities' is given 5,000 representations; the limit is 100",
        ),
        (
            "{ nodes(ids: [" + '"a" ' * 101 + "]) { id } }",
            {},
            Code.LIMIT_ENTITIES,
            "'nodes' is given 101 ids; the limit is 100",
        ),
        (
            "query($ids: [ID!]! = [" + '"a" ' * 101 + "]) { ...f } fragment f on Query { nodes(ids: $ids) { id } }",
            {},
            Code.LIMIT_ENTITIES,
            "'nodes' is given 101 ids; the limit is 100",
        ),
    ],
)
def test_an_operation_that_asks_for_too_much_is_refused(
    text: str, variables: dict[str, Any], code: Code, said: str
) -> None:
    """Wherever the sizes come from, the message names the field, or the number and the limit."""
    refusal = refused(lambda: cost(text, **variables))
    assert (refusal.code, said in refusal.message) == (code, True), refusal.message


def test_wide_rows_count_as_much_as_many_rows() -> None:
    """9,100 rows of 12 fields, and what leads to them, would hold the server up, though the rows alone may pass."""
    text = "{ devices(first: 100) { nodes { children(first: 90) { nodes { " + "id " * 12 + "} } } } }"
    assert cost(text, Limits(values=117_201)) == 9_100
    refusal = refused(lambda: cost(text, Limits(values=117_200)))
    assert refusal.code is Code.LIMIT_FIELDS
    assert "117,201 values, from its fields and page sizes; the limit is 117,200" in refusal.message


def test_the_deepest_page_may_be_read() -> None:
    """10,000 rows deep is allowed, to the row."""
    assert cost("{ locations(first: 100, page: 100) { totalCount } }") == 100
    assert cost("{ locations(page: 500) { totalCount } }") == 20


def test_a_fragment_of_another_operation_is_not_counted() -> None:
    """What is not run may ask for what it likes."""
    other = "query other { ...o } fragment o on Query { locations(first: 1000) { totalCount } }"
    assert cost("query this { locations(first: 5) { totalCount } } " + other) == 5


def test_refusals_tell_machines_what_was_counted() -> None:
    """The same figures as in the message stand in the extensions, or the argument and its field."""
    assert refused(lambda: cost(THREE_LISTS, n=100)).extensions == {"counted": 10_100, "limit": 10_000}
    given_first = refused(lambda: cost("{ locations(first: 0) { totalCount } }"))
    assert given_first.extensions == {"argument": "first", "field": "Query.locations"}


def test_the_cost_of_a_fragment_bomb_is_counted_once_a_fragment() -> None:
    """Counting nodes after validation is as linear as what comes before it."""
    boundless = Limits(fields=2**1000, values=2**1000)

    def work(levels: int) -> int:
        document = parse_bounded(fragment_bomb(levels), boundless)
        operation = document.definitions[0]
        assert isinstance(operation, OperationDefinitionNode)
        return calls(lambda: node_cost(document, operation, {}, SCHEMA, boundless, is_connection=is_connection))

    assert work(40) < 2.2 * work(20)


@settings(max_examples=100, deadline=None, database=None)
@given(st.lists(st.integers(1, 100), min_size=1, max_size=5))
def test_lists_in_lists_are_refused_exactly_over_the_limit(sizes: list[int]) -> None:
    """Whatever chain of page sizes is asked for: the rows of every level, up to 10,000 of them."""
    expected, text = 0, "id"
    for size in reversed(sizes):
        expected, text = size * (1 + expected), f"children(first: {size}) {{ nodes {{ {text} }} }}"
    text = f'{{ node(id: "a") {{ ... on Device {{ {text} }} }} }}'
    boundless = Limits(values=10**15)
    if expected <= boundless.nodes:
        assert cost(text, boundless) == expected
    else:
        assert refused(lambda: cost(text, boundless)).code is Code.LIMIT_NODES
