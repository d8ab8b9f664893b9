"""Documents that mean harm, a small schema to send them to, and a measure of the work that they make."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, validate

from auth.codes import Refusal
from auth.limits import Limits, check_document, node_cost, parse_bounded

LIMITS = Limits()

SCHEMA: GraphQLSchema = build_schema("""
    scalar Any
    interface Node { id: ID! }
    union Entity = Location | Area | Device
    type Query {
      tenant: Tenant
      node(id: ID!): Node
      nodes(ids: [ID!]!): [Node]!
      _entities(representations: [Any!]!): [Entity]!
      locations(first: Int, last: Int, page: Int): LocationConnection!
      devices(first: Int = 50, last: Int, page: Int, filter: DeviceFilter): DeviceConnection!
    }
    type Tenant implements Node { id: ID! name: String! locations(first: Int, last: Int): LocationConnection! }
    type LocationConnection { nodes: [Location!]! edges: [LocationEdge!]! totalCount: Int! }
    type LocationEdge { cursor: String! node: Location! }
    type Location implements Node {
      id: ID! name: String! tenant: Tenant! areas(first: Int, page: Int): AreaConnection!
    }
    type AreaConnection { nodes: [Area!]! totalCount: Int! }
    type Area implements Node { id: ID! name: String! location: Location! devices(first: Int): DeviceConnection! }
    type DeviceConnection { nodes: [Device!]! totalCount: Int! }
    type Device implements Node {
      id: ID! name: String! serial: String area: Area children(first: Int): DeviceConnection!
    }
    input DeviceFilter { and: [DeviceFilter!] not: DeviceFilter serial: String }
""")

DASHBOARD = """
    query Dashboard($areas: Int = 10, $devices: Int) {
      tenant {
        id
        name
        locations(first: 5) {
          totalCount
          edges {
            cursor
            node {
              ...Named
              areas(first: $areas) {
                totalCount
                nodes { ...Named devices(first: $devices) { totalCount nodes { ...Named serial area { id } } } }
              }
            }
          }
        }
      }
    }
    fragment Named on Node { id ... on Location { name } ... on Area { name } ... on Device { name } }
"""


def is_connection(type_name: str, field_name: str) -> bool:
    """Any list of the schema above, told by its name."""
    return field_name in {"locations", "areas", "devices", "children"} and type_name != "Mutation"


def check(text: str, limits: Limits = LIMITS) -> None:
    """Both steps that come before validation."""
    check_document(parse_bounded(text, limits), limits)


def cost(text: str, limits: Limits = LIMITS, **variables: Any) -> int:
    """What a valid document costs."""
    document = parse_bounded(text, limits)
    assert validate(SCHEMA, document) == []
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return node_cost(document, operation, variables, SCHEMA, limits, is_connection=is_connection)


def refused(attempt: Callable[[], object]) -> Refusal:
    """The refusal that an attempt ends with."""
    with pytest.raises(Refusal) as caught:
        attempt()
    return caught.value


def fragment_bomb(levels: int, leaf: str = "id") -> str:
    """Few bytes that come to 2 ** levels fields."""
    bodies = [f"fragment f{level} on Tenant {{ ...f{level + 1} ...f{level + 1} }}" for level in range(levels)]
    return "\n".join(["{ tenant { ...f0 } }", *bodies, f"fragment f{levels} on Tenant {{ {leaf} }}"])


def calls(work: Callable[[], object]) -> int:
    """How many functions of Python a piece of work calls: a measure of time that no busy machine disturbs."""
    counted = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event == "call"

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted
