"""Held for every edge and entity: a compiled statement has the tenant's predicate, the living's and the reach's."""

import re
import uuid

import pytest

from loaders.edges import EDGES, Edge
from loaders.entities import ENTITIES, TENANT, Entity
from loaders.filters import All
from loaders.tree.parameters import TENANT_ID, shape_of
from loaders.tree.selection import Field, Lookup, Lookups, Many, Nodes, One, Roots, Value
from loaders.tree.writer import Shapes, statement
from loaders.window import Window
from models.hierarchy import Node, Reach, ReachKind
from models.statement import Statement

NODE = Node(ReachKind.LOCATION, uuid.UUID(int=7))
UPPER = Node(ReachKind.ORGANIZATION, uuid.UUID(int=8))
# What an estate has is compiled; the lists of tokens, people and records are not.
COMPILED = [edge for edge in EDGES.values() if edge.target in ENTITIES]
every_edge = pytest.mark.parametrize("edge", COMPILED, ids=lambda edge: edge.name)
every_thing = pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)


def written(roots: Roots, reach: Reach) -> Statement:
    """The statement of a selection, under one reach for all entities; its lists are the first twenty."""
    window = (Window(size=20, order="ID"), All(()))
    shapes = Shapes(dict.fromkeys(range(5), window), {entity.name: shape_of(reach) for entity in ENTITIES})
    return Statement(statement(roots, shapes))


def along(edge: Edge) -> Roots:
    """From some row that has the edge, along it."""
    shown: tuple[tuple[str, Field], ...] = (("name", Value("name")),)
    follow: Field = Many(edge, 1, (("nodes", Nodes(shown)),)) if edge.many else One(edge, shown)
    return (("from", Lookup(source_of(edge), 0, (("to", follow),))),)


def source_of(edge: Edge) -> Entity:
    """Where an edge starts."""
    name = edge.name.partition("_of_")[2] or "tenant"
    return next(entity for entity in ENTITIES if entity.table.__tablename__ == name)


def check(made: Statement, entity: Entity, reach: Reach) -> None:
    """Assert that wherever the entity's rows are read they are the tenant's, alive and within reach."""
    table = entity.table.__tablename__
    reads = re.findall(rf"FROM {table} \nWHERE (.*?)(?: ORDER BY|\) AS n|$)", made.text, re.DOTALL)
    assert reads, made.text
    tenant = f"${made.names.index(TENANT_ID) + 1}::UUID" if TENANT_ID in made.names else "nothing"
    for read in reads:
        assert entity is TENANT or f"{table}.tenant_id = {tenant}" in read, read
    # What lies beneath a node is asked of the deleted too.
    alive = f"{table}.{'status !=' if entity is TENANT else 'deleted_at IS NULL'}"
    assert any(alive in read for read in reads), reads
    named = [name for name in made.names if name.startswith(f"{entity.name}_")]
    assert bool(named) is (reach is not None and entity is not TENANT and entity.name != "DeviceType"), made.names


@every_edge
def test_every_edge_keeps_to_the_tenant_the_living_and_the_reach(edge: Edge) -> None:
    """Of rows that are reached along it; organizations lie beneath organizations alone, tenants beneath nothing."""
    node = UPPER if edge.target.name == "Organization" else NODE
    for reach in (None, ((node,),)):
        made = written(along(edge), reach)
        check(made, edge.target, reach)
        assert ("_reached" in made.text) is (reach is not None and edge.ancestor)


@every_thing
def test_every_look_up_keeps_to_the_tenant_the_living_and_the_reach(entity: Entity) -> None:
    """One by one and many at once."""
    node = UPPER if entity.name == "Organization" else NODE
    fields: tuple[tuple[str, Field], ...] = (("name", Value("name")),)
    for reach in (None, ((node,),)):
        check(written((("one", Lookup(entity, 0, fields)),), reach), entity, reach)
        check(written((("many", Lookups(0, ((entity, fields),), strict=False)),), reach), entity, reach)


@every_edge
def test_nothing_is_read_by_who_reaches_nothing(edge: Edge) -> None:
    """An empty reach is written as a condition that nothing meets."""
    made = written(along(edge), ())
    assert made.text.count("false") >= 1


def test_no_value_is_known_to_a_statement() -> None:
    """Whatever is bound is named, and brought by each request."""
    for edge in COMPILED:
        for reach in (None, ((NODE, UPPER),)):
            assert written(along(edge), reach).constants == {}, edge.name
