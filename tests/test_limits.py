"""The bounds on GraphQL documents: each is kept, each refusal says so, and none costs more than it saves."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode, get_introspection_query, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from auth.codes import Code, Refusal
from auth.limits import Limits, check_document, node_cost, parse_bounded
from tests.hostile import DASHBOARD, LIMITS, SCHEMA, calls, check, cost, fragment_bomb, is_connection, refused

DENIED = {
    "nothing at all": ("", Code.GRAPHQL_PARSE_FAILED, "<EOF> (line 1, column 1)"),
    "no GraphQL": ("{\n  a b:\n}", Code.GRAPHQL_PARSE_FAILED, "Expected Name, found '}' (line 3, column 1)"),
    "a string without an end": ('{ a(b: "c) }', Code.GRAPHQL_PARSE_FAILED, "Unterminated string (line 1, column 13)"),
    "a lone surrogate": ('{ a(b: "\ud800") }', Code.GRAPHQL_PARSE_FAILED, "U+D800 (line 1, column 9)"),
    "an escaped lone surrogate": ('{ a(b: "\\udfff") }', Code.GRAPHQL_PARSE_FAILED, "(line 1, column 9)"),
    "a NUL between tokens": ("{ a \0 }", Code.GRAPHQL_PARSE_FAILED, "U+0000 (line 1, column 5)"),
    "1,001 tokens": ("{" + "a " * 1000 + "}", Code.LIMIT_TOKENS, "more than 1,000 tokens (line 1, column 2000)"),
    "a million tokens": ("{" + "a " * 1_000_000 + "}", Code.LIMIT_TOKENS, "more than 1,000 tokens"),
    "a million comments": ("#\n" * 1_000_000 + "{ a }", Code.LIMIT_TOKENS, "1,000 comments (line 1001, column 1)"),
    "a name of 60,000 letters": ("{" + "a" * 60_000 + "}", Code.LIMIT_TOKENS, "200 characters in a name"),
    "a query 10,000 deep": ("{a" * 10_000 + "}" * 10_000, Code.LIMIT_DEPTH, "more than 100 brackets in each other"),
    "inline fragments 10,000 deep": ("{..." * 10_000, Code.LIMIT_DEPTH, "more than 100 brackets in each other"),
    "lists 10,000 deep": ("{a(b:" + "[" * 10_000, Code.LIMIT_DEPTH, "more than 100 brackets in each other"),
    "objects 10,000 deep": ("{a(b:" + "{c:" * 10_000, Code.LIMIT_DEPTH, "more than 100 brackets in each other"),
    "types 10,000 deep": ("query($a:" + "[" * 10_000, Code.LIMIT_DEPTH, "more than 100 brackets in each other"),
    "16 fields in each other": ("{a" * 16 + "}" * 16, Code.LIMIT_DEPTH, "is 16 fields deep"),
    "16 fields through fragments": (
        "query Q{...f0}"
        + "".join(f"fragment f{n} on Q{{a{{...f{n + 1}}}}}" for n in range(15))
        + "fragment f15 on Q{a}",
        Code.LIMIT_DEPTH,
        "Operation 'Q' is 16 fields deep",
    ),
    "31 aliases": ("{" + " ".join(f"a{n}:b" for n in range(31)) + "}", Code.LIMIT_ALIASES, "has 31 aliases"),
    "aliases in a fragment that is spread often": (
        "{" + "...f " * 11 + "} fragment f on Q { a:d b:d c:d }",
        Code.LIMIT_ALIASES,
        "has 33 aliases, fragments expanded; the limit is 30",
    ),
    "aliases in inline fragments": ("{" + "...{a:b}" * 31 + "}", Code.LIMIT_ALIASES, "has 31 aliases"),
    "6 directives at one place": ("{a" + "@b" * 6 + "}", Code.LIMIT_DIRECTIVES, "6 directives at one place"),
    "6 directives on a variable": (
        "query($a:B" + "@b" * 6 + "){a}",
        Code.LIMIT_DIRECTIVES,
        "6 directives at one place",
    ),
    "6 directives on an operation": ("query" + "@b" * 6 + "{a}", Code.LIMIT_DIRECTIVES, "6 directives at one place"),
    "6 directives on a fragment": (
        "{a} fragment f on Q" + "@b" * 6 + "{a}",
        Code.LIMIT_DIRECTIVES,
        "Fragment 'f' has 6",
    ),
    "6 directives on a spread": ("{...f" + "@b" * 6 + "}", Code.LIMIT_DIRECTIVES, "6 directives at one place"),
    "6 directives on an inline fragment": (
        "{..." + "@b" * 6 + "{a}}",
        Code.LIMIT_DIRECTIVES,
        "6 directives at one place",
    ),
    "21 directives": ("{" + "a@b " * 21 + "}", Code.LIMIT_DIRECTIVES, "has 21 directives"),
    "directives in a fragment that is spread often": (
        "{" + "...f " * 11 + "} fragment f on Q { a@b c@b }",
        Code.LIMIT_DIRECTIVES,
        "has 22 directives, fragments expanded",
    ),
    "11 operations": (" ".join(f"query q{n}{{a}}" for n in range(11)), Code.LIMIT_OPERATIONS, "11 operations"),
    "1,001 fields through a fragment": (
        "{" + "...f " * 91 + "} fragment f on Q {" + "a " * 11 + "}",
        Code.LIMIT_FIELDS,
        "The operation selects 1,001 fields, fragments expanded; the limit is 1,000",
    ),
    "a fragment bomb": (fragment_bomb(10), Code.LIMIT_FIELDS, "Fragment 'f0' selects 1,024 fields"),
    "a fragment bomb with nothing in it": (fragment_bomb(10, ""), Code.LIMIT_FIELDS, "'f0' selects 1,024 fields"),
    "a bomb with a fragment that does not exist": (fragment_bomb(30, "...g"), Code.LIMIT_FIELDS, "1,024 fields"),
    "a fragment in itself": ("{...f} fragment f on Q {a ...f}", Code.GRAPHQL_VALIDATION_FAILED, "f > f"),
    "fragments in a circle": (
        "{a} fragment f on Q {a{...g}} fragment g on Q {...{...h}} fragment h on Q {...f}",
        Code.GRAPHQL_VALIDATION_FAILED,
        "spreads itself: ",
    ),
    "introspection in a circle": (
        '{__type(name:"A"){fields{type{fields{type{fields{name}}}}}}}',
        Code.LIMIT_DEPTH,
        "nests 3 lists of introspection in each other; the limit is 1",
    ),
    "introspection in a circle, in fragments": (
        "{__schema{types{...a}}} fragment a on __Type{fields{type{...b}}} fragment b on __Type{possibleTypes{name}}",
        Code.LIMIT_DEPTH,
        "nests 2 lists of introspection",
    ),
    "the schema three times more": (
        "{" + " ".join(f"a{n}:__schema{{types{{name}}}}" for n in range(3)) + "}",
        Code.LIMIT_ALIASES,
        "has 3 aliases in introspection",
    ),
}


@pytest.mark.parametrize(("text", "code", "said"), DENIED.values(), ids=DENIED)
def test_a_document_over_a_bound_is_refused_with_what_was_counted(text: str, code: Code, said: str) -> None:
    """The code names the bound; the message says how much was counted, or where, and what to do."""
    refusal = refused(lambda: check(text))
    assert (refusal.code, said in refusal.message) == (code, True), refusal.message
    assert len(refusal.message) < 500
    assert refusal.message.isprintable()


ALLOWED = {
    "1,000 tokens": "{" + "a " * 998 + "}",
    "1,000 comments": "#\n" * 1_000 + "{ a }",
    "100 brackets in each other": "{a(b:" + "[" * 98 + "]" * 98 + ")}",
    "15 fields in each other": "{a" * 15 + "}" * 15,
    "15 connections in each other": "{a{edges{node" * 13 + "{a{nodes{id}}}" + "}}}" * 13,
    "30 aliases": "{" + " ".join(f"a{n}:b" for n in range(30)) + "}",
    "5 directives at one place": "{a" + "@b" * 5 + "}",
    "10 operations": " ".join(f"query q{n}{{a}}" for n in range(10)),
    "fields and fragments that nobody knows": "{ nobody { ...knows } }",
    "two fragments with one name": "{...f} fragment f on Q {a} fragment f on Q {b ...g}",
    "a type": 'type A { "a" b(c: [D!] = [1] @e): F @g }',
    "what is nothing": "{ a { } ...{ } }",
    "a NUL in a string": '{ a(b: "\0\\u0000") }',
    "an Int of 100,000 digits": "{ a(b: " + "9" * 100_000 + ") }",
    "a string of 100,000 characters": '{ a(b: "' + "é" * 100_000 + '") }',
    "a block string of 50,000 lines": '{ a(b: """' + "  c\n" * 50_000 + '""") }',
}


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED)
def test_a_document_within_the_bounds_passes_whatever_else_is_wrong_with_it(text: str) -> None:
    """The bounds are inclusive, and what does not fit the schema is left to validation."""
    check(text)


@pytest.mark.parametrize("type_depth", [7, 9, 13])
@pytest.mark.parametrize("every_option", [False, True])
def test_the_standard_introspection_query_passes(type_depth: int, every_option: bool) -> None:  # noqa: FBT001
    """As graphql-js, GraphiQL and graphql-core send it, with every option, and with types nested deeper still."""
    text = get_introspection_query(
        specified_by_url=every_option,
        directive_is_repeatable=every_option,
        schema_description=every_option,
        input_value_deprecation=every_option,
        experimental_directive_deprecation=every_option,
        one_of=every_option,
        type_depth=type_depth,
    )
    check(text)
    assert cost(text) == 0


def test_a_dashboard_of_four_levels_passes() -> None:
    """5 locations, 10 areas in each, 20 devices in each: 5 + 50 + 1,000 rows."""
    check(DASHBOARD)
    assert cost(DASHBOARD) == 5 * (1 + 10 * (1 + 20))


@pytest.mark.parametrize("levels", [10, 16, 19, 25])
def test_a_fragment_bomb_costs_as_little_as_its_bytes(levels: int) -> None:
    """Twice the levels are twice the work, though they are the square of the fields."""
    boundless = Limits(tokens=10_000, fields=2**1000)
    single, double = (parse_bounded(fragment_bomb(size), boundless) for size in (levels, 2 * levels))
    work = calls(lambda: check_document(single, boundless))
    assert calls(lambda: check_document(double, boundless)) < 2.2 * work
    assert work < 60 * levels + 200


def test_the_work_is_linear_in_a_document_of_any_shape() -> None:
    """Every fragment that spreads every later one: the spreads are what counts, not the ways through them."""
    boundless = Limits(tokens=10**6, fields=2**1000)

    def work(size: int) -> float:
        bodies = [
            f"fragment f{n} on Q {{ a {{ {' '.join(f'...f{later}' for later in range(n + 1, size))} id }} }}"
            for n in range(size)
        ]
        text = "\n".join(["{ ...f0 }", *bodies])
        document = parse_bounded(text, boundless)
        return calls(lambda: check_document(document, Limits(fields=2**1000, depth=1000))) / text.count("...")

    assert work(40) < 1.2 * work(20)


def test_a_chain_of_fragments_needs_no_deep_stack() -> None:
    """Longer than Python's stack is deep, for check and cost alike."""
    boundless = Limits(tokens=100_000)
    chain = "".join(f"fragment f{n} on Tenant {{ ...f{n + 1} }}" for n in range(5_000))
    document = parse_bounded("{ tenant { ...f0 } }" + chain + "fragment f5000 on Tenant { id }", boundless)
    check_document(document, boundless)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    assert node_cost(document, operation, {}, SCHEMA, boundless, is_connection=is_connection) == 0


def test_refusals_tell_machines_what_was_counted() -> None:
    """The same figures as in the message stand in the extensions."""
    assert refused(lambda: check("{a" * 16 + "}" * 16)).extensions == {"counted": 16, "limit": 15}


NAMES = st.sampled_from(
    ["id", "name", "tenant", "locations", "areas", "nodes", "node", "edges", "devices", "__schema", "__type", "fields"]
)
TYPES = st.sampled_from(["Query", "Tenant", "Location", "Area", "Node", "__Type", "Nobody"])
FRAGMENTS = st.sampled_from(["f0", "f1", "f2", "f3"])
VALUES = st.sampled_from(["1", "-1", "101", "$n", "null", '"a"', "[$n, 1]", "{a: [1]}", "9" * 5000, "1.5", "TRUE"])
ARGUMENTS = st.builds("({}: {})".format, st.sampled_from(["first", "last", "page", "ids", "name"]), VALUES)
LEAVES = st.one_of(
    NAMES, st.builds("{}: {}".format, NAMES, NAMES), st.builds("... {}".format, FRAGMENTS), st.just("__typename")
)
DIRECTIVES = st.sampled_from(["", "", "", "@skip(if: $n)", "@a @b @c @d @e @f"])
SELECTIONS = st.recursive(
    st.lists(LEAVES, max_size=4).map(" ".join),
    lambda inside: st.lists(
        st.one_of(
            LEAVES,
            st.builds("{} {} {} {{ {} }}".format, NAMES, st.one_of(st.just(""), ARGUMENTS), DIRECTIVES, inside),
            st.builds("... on {} {} {{ {} }}".format, TYPES, DIRECTIVES, inside),
        ),
        max_size=5,
    ).map(" ".join),
    max_leaves=20,
)
DEFINITIONS = st.one_of(
    st.builds(
        "query q({}) {} {{ {} }}".format, st.sampled_from(["$n: Int", "$n: [[Int!]!] = [[1]]"]), DIRECTIVES, SELECTIONS
    ),
    st.builds("fragment {} on {} {} {{ {} }}".format, FRAGMENTS, TYPES, DIRECTIVES, SELECTIONS),
)
DOCUMENTS = st.lists(DEFINITIONS, min_size=1, max_size=6).map("\n".join)
PIECES = st.one_of(
    st.sampled_from(["{", "}", "(", ")", "[", "]", "...", "@", "!", "$", ":", "=", "|", "&", '"', '"""', "#", "\\"]),
    st.sampled_from(["on ", "query ", "fragment ", "type ", "a ", "1", "-", ".", "e", "\n", "\r", "\0"]),
    st.sampled_from(["\ud800", "\udc00", "\\u", "\U0001f600", "\ufeff"]),
)


@settings(max_examples=300, deadline=None, database=None)
@given(st.one_of(st.text(), st.lists(PIECES, max_size=60).map("".join)))
def test_any_text_becomes_a_document_or_a_refusal(text: str) -> None:
    """Nothing else comes out of it, whatever goes in, and a refusal can be sent."""
    try:
        check(text)
    except Refusal as refusal:
        refusal.message.encode()


@settings(max_examples=300, deadline=None, database=None)
@given(DOCUMENTS, st.dictionaries(st.just("n"), st.one_of(st.none(), st.integers(), st.floats(), st.text())))
def test_any_document_is_checked_or_refused(text: str, variables: dict[str, Any]) -> None:
    """Unknown fields, unknown fragments, circles and wrong types crash no bound; a valid one gets its cost."""
    try:
        document = parse_bounded(text, LIMITS)
        check_document(document, LIMITS)
        if validate(SCHEMA, document) == []:
            for operation in document.definitions:
                if isinstance(operation, OperationDefinitionNode):
                    node_cost(document, operation, variables, SCHEMA, LIMITS, is_connection=is_connection)
    except Refusal as refusal:
        refusal.message.encode()
