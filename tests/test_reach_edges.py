"""Held for every edge and statement: the predicate of reach is in it. One that forgets it is found here."""

import inspect
import uuid
from typing import Any, get_type_hints

import pytest
from sqlalchemy import Select, true
from sqlalchemy.dialects.postgresql import asyncpg

from loaders import statements
from loaders.batch import Loaders
from loaders.edges import EDGES, Edge
from loaders.entities import AREA, AUDIT_EVENT, ENTITIES, LISTED, ORGANIZATION, TENANT, Entity
from loaders.masking import ANCESTORS, is_masked
from loaders.reach import WHOLE
from loaders.window import Row, Window
from models.hierarchy import Node, Reach, ReachKind
from resolvers.auditing import append_apart
from tenantry.databases import Databases
from tests.auditing import record
from tests.clock import HeldClock
from tests.estate import Estate
from tests.principals import make_principals

NODE = Node(ReachKind.LOCATION, uuid.UUID(int=7))
# Organizations lie beneath organizations alone.
UPPER = Node(ReachKind.ORGANIZATION, uuid.UUID(int=8))
SOME_TENANT = uuid.UUID(int=1)
COUNTED = Window(size=100, order="ID", counted=True)
MANY = [edge for edge in EDGES.values() if edge.many]
every_list = pytest.mark.parametrize("edge", MANY, ids=lambda edge: edge.name)
every_thing = pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
every_entity = pytest.mark.parametrize("entity", [*ENTITIES, *LISTED], ids=lambda entity: entity.name)


def loaders(databases: Databases, reach: Reach) -> Loaders:
    """Loaders under one reach for all entities."""

    async def fetch(tenant_id: uuid.UUID, statement: Select[Any]) -> list[Row]:
        async with databases.app.read(tenant_id) as connection:
            return [dict(row) for row in (await connection.execute(statement)).mappings()]

    return Loaders(fetch, lambda _entity, _tenant_id: reach)


def every_statement(entity: Entity, reach: Reach) -> list[Select[Any]]:
    """Each way to read an entity."""
    some = [uuid.UUID(int=2)]

    def everywhere(_entity: Entity) -> Reach:
        return reach

    found = [
        statements.by_id(entity, SOME_TENANT, reach, some),
        statements.dependents(entity, SOME_TENANT, reach, entity.id, some),
        statements.counted(entity, SOME_TENANT, reach),
        *(
            statements.pages(edge, SOME_TENANT, lambda _entity: reach, some, COUNTED)
            for edge in MANY
            if edge.target is entity
        ),
    ]
    if entity not in (TENANT, AUDIT_EVENT):
        found.append(statements.exported(entity, SOME_TENANT, lambda _entity: reach, after=None, size=5, wanted=true()))
    return [*found, statements.areas_within(SOME_TENANT, reach, some[0])] if entity is AREA else found


def compiled(statement: Select[Any]) -> tuple[str, list[Any]]:
    """A statement's text and parameters."""
    made = statement.compile(dialect=asyncpg.dialect())  # type: ignore[no-untyped-call]
    return str(made), list(made.params.values())


def test_every_statement_takes_a_reach() -> None:
    """Who writes a statement says under which reach: there is none that takes none, and no default."""
    for name, function in inspect.getmembers(statements, inspect.isfunction):
        if function.__module__ != statements.__name__ or name.startswith("_"):
            continue
        if get_type_hints(function).get("return") == Select[Any]:
            assert inspect.signature(function).parameters["reach"].default is inspect.Parameter.empty, name


@every_entity
def test_a_right_bound_to_a_node_is_in_every_statement(entity: Entity) -> None:
    """The node is named in each; types of devices lie beneath every node, tenants and the audit beneath none."""
    node = UPPER if entity is ORGANIZATION else NODE
    for statement in every_statement(entity, ((node,),)):
        text, given = compiled(statement)
        if entity in (TENANT, AUDIT_EVENT):
            assert "false" in text.lower()
        elif entity not in WHOLE:
            assert node.id in given, text
            assert {"Location": "location.id =", "Organization": "any"}.get(
                entity.name, ".location_id ="
            ) in text.lower()


@every_entity
def test_a_right_over_all_of_the_tenant_adds_nothing(entity: Entity) -> None:
    """No mark, no condition, no parameter."""
    for statement in every_statement(entity, None):
        text, given = compiled(statement)
        assert "_reached" not in text
        assert "false" not in text.lower()
        assert NODE.id not in given


@every_list
async def test_no_edge_leads_anywhere_for_who_reaches_nothing(
    databases: Databases, clock: HeldClock, acme: Estate, edge: Edge
) -> None:
    """No row and no total, from every row that there is; but for the tenant itself, masked."""
    tenant_id = acme.tenant.id
    people = await make_principals(databases, clock, tenant_id)
    await append_apart(databases.app, clock, tenant_id, [record()])
    sources = [getattr(acme, entity.table.__tablename__).id for entity in ENTITIES]
    sources += [acme.floor.id, people.user.id, people.service_account.id]
    everything = [await loaders(databases, None).page(edge, tenant_id, key, COUNTED) for key in sources]
    nothing = [await loaders(databases, ()).page(edge, tenant_id, key, COUNTED) for key in sources]
    rows = [row for page in nothing for row in page.rows]
    if edge.ancestor:
        assert [row["id"] for row in rows] == [tenant_id]
        assert all(is_masked(row) for row in rows)
    else:
        assert rows == []
        assert {page.total for page in nothing} == {0}
    # Those whose rows this estate has are found by who reaches everything.
    bare = {"children_of_tenant", "children_of_organization", "children_of_device"}
    assert any(page.rows for page in everything) is (edge.name not in bare)


@every_thing
async def test_no_id_names_anything_for_who_reaches_nothing(databases: Databases, acme: Estate, entity: Entity) -> None:
    """Asked for by its id it is not there; looked up to, an ancestor is masked and nothing else is there."""
    row_id = getattr(acme, entity.table.__tablename__).id
    bound = loaders(databases, ())
    assert await loaders(databases, None).row(entity, acme.tenant.id, row_id)
    assert await bound.row(entity, acme.tenant.id, row_id) is None
    assert await bound.dependents(entity, acme.tenant.id, (), entity.id, [row_id]) == []
    above = await bound.ancestor(entity, acme.tenant.id, row_id)
    assert (above is not None and is_masked(above)) is (entity.name in ANCESTORS)


@every_thing
async def test_nothing_is_exported_or_counted_for_who_reaches_nothing(
    databases: Databases, acme: Estate, entity: Entity
) -> None:
    """Exports and totals end at the node too."""
    if entity is TENANT:
        return
    assert await exported_and_counted(databases, acme, entity, None) == (True, True)
    assert await exported_and_counted(databases, acme, entity, ()) == (False, False)


async def exported_and_counted(databases: Databases, estate: Estate, entity: Entity, reach: Reach) -> tuple[bool, bool]:
    """Whether there is anything to be exported, and to be counted."""
    tenant_id = estate.tenant.id
    export = statements.exported(entity, tenant_id, lambda _entity: reach, after=None, size=5, wanted=true())
    async with databases.app.read(tenant_id) as connection:
        count = await connection.scalar(statements.counted(entity, tenant_id, reach))
        return bool((await connection.execute(export)).all()), bool(count)
