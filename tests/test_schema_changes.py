"""The graph grows and breaks nobody: compared with the last release by the rules of docs/schema-policy.md."""

from datetime import date
from pathlib import Path

import pytest

from models.clock import SystemClock
from schema.build import sdl
from tests.schema_changes import breaking, undated

RELEASED = (Path(__file__).parent.parent / "schema" / "released.graphql").read_text()

BASE = """
schema @link(url: "https://specs.apollo.dev/federation/v2.11", import: ["@key", "@requiresScopes"]) { query: Query }
type Query {
  node(id: ID!): Node
  devices(first: Int, filter: Filter): [Device!]! @requiresScopes(scopes: [["devices.read"]])
  cameras: [Camera!] @deprecated(reason: "Use devices. Gone after 2026-01-31.")
}
interface Node { id: ID! }
type Device implements Node @key(fields: "id") {
  id: ID!
  name: String! @requiresScopes(scopes: [["devices.read"], ["all.read"]])
  status(at: String): Status
  label: String @deprecated(reason: "Use labels. Gone after 2026-01-31.")
}
type Camera { name: String }
enum Status { ONLINE OFFLINE UP @deprecated(reason: "Use ONLINE. Gone after 2026-01-31.") }
input Filter { name: String serial: String @deprecated(reason: "Use name. Gone after 2026-01-31.") }
"""
THE_LAST_DAY, THE_DAY_AFTER = date(2026, 1, 31), date(2026, 2, 1)
CAMERAS = '  cameras: [Camera!] @deprecated(reason: "Use devices. Gone after 2026-01-31.")\n'
LABEL = '  label: String @deprecated(reason: "Use labels. Gone after 2026-01-31.")\n'

BREAKING = {
    "a field is removed": ("  status(at: String): Status\n", "", "Device.status"),
    "a field changes its type": ("status(at: String): Status", "status(at: String): String", "Device.status"),
    "a field may be null that could not": ("name: String! @", "name: String @", "Device.name"),
    "a list becomes one": ("[Device!]!", "Device!", "Query.devices"),
    "an argument is removed": ("first: Int, ", "", "first"),
    "an argument changes its type": ("first: Int,", "first: String,", "first"),
    "an argument is required that was not there": ("(at: String)", "(at: String, in: ID!)", "in"),
    "an argument becomes required": ("(at: String)", "(at: String!)", "at"),
    "an input's field is removed": ("Filter { name: String", "Filter {", "Filter.name"),
    "an input's field is required that was not there": ("Filter { name: String", "Filter { name: String of: ID!", "of"),
    "an enum's value is removed": ("ONLINE OFFLINE", "ONLINE", "OFFLINE"),
    "a type is renamed": ("Status", "DeviceStatus", "Status"),
    "a type is no Node any more": (" implements Node", "", "Node"),
    "a field asks for another scope": ('devices.read"]]', 'things.read"]]', "Query.devices"),
    "a field asks for one scope more": ('[["devices.read"]]', '[["devices.read", "more.read"]]', "Query.devices"),
    "a field takes one scope less": (', ["all.read"]', "", "Device.name"),
    "a field asks for a scope that asked for none": (
        "status(at: String): Status",
        'status(at: String): Status @requiresScopes(scopes: [["devices.read"]])',
        "Device.status",
    ),
    "what is deprecated goes before its day is over": (LABEL, "", "Device.label"),
}
HARMLESS = {
    "nothing": ("", ""),
    "a field more": (LABEL, LABEL + "  labels: [String!]!\n"),
    "an argument that may be left out": ("first: Int,", "first: Int, last: Int, page: Int! = 1,"),
    "an input's field that may be left out": ("Filter { name: String", "Filter { name: String kind: String"),
    "an enum's value more": ("ONLINE OFFLINE", "ONLINE OFFLINE UNKNOWN"),
    "what could be null cannot be any more": ("status(at: String): Status", "status(at: String): Status!"),
    "what was required may be left out": ("id: ID!)", "id: ID)"),
    "a scope fewer": ('[["devices.read"]]', '[["devices.read"], ["all.read"]]'),
    "something is deprecated": ("Filter { name: String", "Filter { name: String @deprecated"),
}
GONE = {
    "a field": (LABEL, ""),
    "a value": ('UP @deprecated(reason: "Use ONLINE. Gone after 2026-01-31.")', ""),
    "an input's field": ('serial: String @deprecated(reason: "Use name. Gone after 2026-01-31.")', ""),
    "a field and the type that only it led to": (CAMERAS + "|type Camera { name: String }\n", ""),
}


def changed(was: str, becomes: str) -> str:
    """The base with each part of `was` replaced."""
    text = BASE
    for part in was.split("|"):
        assert part in text
        text = text.replace(part, becomes)
    return text


def test_nothing_breaks_for_clients_of_the_last_release() -> None:
    """What may change and what may not is told in docs/schema-policy.md."""
    assert breaking(RELEASED, sdl(), SystemClock().now().date()) == []


def test_every_deprecation_says_why_and_until_when() -> None:
    """So that nobody has to guess what to use instead, or by when."""
    assert undated(sdl()) == []


@pytest.mark.parametrize("change", BREAKING)
def test_a_change_that_breaks_is_found(change: str) -> None:
    """The check names what breaks."""
    was, becomes, named = BREAKING[change]
    found = breaking(BASE, changed(was, becomes), THE_LAST_DAY)
    assert any(named in each for each in found), found


@pytest.mark.parametrize("change", HARMLESS)
def test_a_change_that_adds_or_allows_is_let_through(change: str) -> None:
    """Clients that ask for what they know do not notice."""
    assert breaking(BASE, changed(*HARMLESS[change]), THE_LAST_DAY) == []


@pytest.mark.parametrize("change", GONE)
def test_what_was_announced_to_go_may_go_after_its_day(change: str) -> None:
    """And not on the day itself."""
    proposed = changed(*GONE[change])
    assert breaking(BASE, proposed, THE_LAST_DAY) != []
    assert breaking(BASE, proposed, THE_DAY_AFTER) == []


@pytest.mark.parametrize(
    "directive",
    [
        "@deprecated",
        '@deprecated(reason: "")',
        '@deprecated(reason: "Use name.")',
        '@deprecated(reason: "Use name. Gone after May 2027.")',
        '@deprecated(reason: "Use name. Gone after 2027-02-30.")',
        '@deprecated(reason: "Gone after 2027-05-31.")',
        '@deprecated(reason: "Use name. Gone after 2027-05-31. Or later.")',
    ],
)
def test_a_deprecation_without_a_reason_and_a_day_is_found(directive: str) -> None:
    """On a field, an argument, an input's field and a value alike."""
    for was in ("first: Int", "OFFLINE", "Filter { name: String", "status(at: String): Status"):
        assert len(undated(changed(was, f"{was} {directive}"))) == 1
    assert undated(BASE) == []
