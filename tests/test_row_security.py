"""Row-level security as PostgreSQL holds it, table by table: whatever code forgets, no row crosses (law 1)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import ForeignKeyConstraint, Table, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from models import (
    AuditHead,
    AuditRecord,
    AuditValue,
    Base,
    Credential,
    Deletion,
    Event,
    EventHead,
    Replay,
    Tenant,
    Token,
)
from models.database import Database
from models.database_role import DatabaseRole
from models.policies import grants, is_tenant_data, secured_tables
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.estate import Estate, make_tenant
from tests.postgres import Urls
from tests.principals import make_principals

FORBIDDEN = "42501"
NO_SUCH_ROW = "23503"
CREDENTIAL = Base.metadata.tables[Credential.__tablename__]
TENANT_DATA = [table for table in Base.metadata.sorted_tables if is_tenant_data(table)]
SECURED = [Base.metadata.tables[name] for name in secured_tables()]
REFERENCES = [
    (table, constraint)
    for table in TENANT_DATA
    for constraint in sorted(table.foreign_key_constraints, key=lambda each: str(each.name))
]

# A row of each table that keeps no things but what happens to them.
MOMENT = {"at": datetime(2026, 3, 1, tzinfo=UTC)}
SOME_ID = uuid.UUID(int=7)
FEED: list[tuple[Any, dict[str, Any]]] = [
    (EventHead, {"number": 1}),
    (
        Event,
        {
            "number": 1,
            "kind": "CREATED",
            "entity": "Area",
            "entity_id": SOME_ID,
            "entity_version": 1,
            "changed": [],
            "actor_kind": "SERVICE",
            "actor_name": "ci",
            "token_id": SOME_ID,
            **MOMENT,
        },
    ),
]
REPEATS: list[tuple[Any, dict[str, Any]]] = [
    (Deletion, {"id": SOME_ID, "entity": "Area", "entity_id": SOME_ID, **MOMENT}),
    (Replay, {"token_id": SOME_ID, "key": "k", "input_hash": b"", "answer": {}, "created_at": MOMENT["at"]}),
]
MADE = {"created_at": MOMENT["at"]}
AUDIT: list[tuple[Any, dict[str, Any]]] = [
    (AuditHead, {"number": 1, "hash": b"", **MOMENT}),
    (
        AuditRecord,
        {
            "number": 1,
            "actor_kind": "SERVICE",
            "action": "area.created",
            "outcome": "SUCCEEDED",
            "digests": {},
            "prev_hash": b"",
            "hash": b"",
            **MOMENT,
        },
    ),
    (AuditValue, {"number": 1, "field": "name", "salt": b"", **MOMENT}),
]

# Of these columns a row has one: a check holds that, and is asked before the reference is.
EITHER = {
    "token": [("user_id", "service_account_id"), ("organization_id", "location_id")],
    "role_binding": [
        ("user_id", "service_account_id"),
        ("role_id", "built_in"),
        ("organization_id", "location_id"),
        ("organization_id", "area_id"),
    ],
}

every_tenant_table = pytest.mark.parametrize("table", TENANT_DATA, ids=str)
every_secured_table = pytest.mark.parametrize("table", SECURED, ids=str)
every_table = pytest.mark.parametrize("table", Base.metadata.sorted_tables, ids=str)


@dataclass(frozen=True)
class Neighbours:
    """Two tenants with rows in every table, named the same; each row by its table's name."""

    acme: SimpleNamespace
    globex: SimpleNamespace


@pytest.fixture
async def neighbours(databases: Databases, clock: HeldClock, acme: Estate, globex: Estate) -> Neighbours:
    """Two estates, and in each somebody with a role and a token."""
    found = []
    for estate in (acme, globex):
        people = await make_principals(databases, clock, estate.tenant.id)
        async with databases.app.write(estate.tenant.id) as connection:
            for table, row in (*FEED, *REPEATS, *AUDIT):
                await connection.execute(insert(table), {"tenant_id": estate.tenant.id, **row})
        found.append(SimpleNamespace(**vars(estate), **vars(people), tenant_user=people.user))
    return Neighbours(*found)


@every_secured_table
async def test_no_tenant_sees_no_rows(databases: Databases, neighbours: Neighbours, table: Table) -> None:
    """A transaction that names no tenant sees nothing, rather than everything."""
    async with databases.app.read(None) as connection:
        assert await count(connection, table) == 0


@every_secured_table
async def test_the_owner_sees_no_rows(urls: Urls, neighbours: Neighbours, table: Table) -> None:
    """Row-level security is forced: whoever owns the tables is held by it too."""
    owner = Database(urls.owner, pool_size=1)
    try:
        async with owner.read(neighbours.acme.tenant.id) as connection:
            assert await count(connection, table) == 0
    finally:
        await owner.close()


@every_tenant_table
async def test_a_tenant_sees_its_own_rows_only(databases: Databases, neighbours: Neighbours, table: Table) -> None:
    """Without a word about the tenant in the query, only the tenant's rows come."""
    async with databases.app.read(neighbours.acme.tenant.id) as connection:
        tenants = (await connection.execute(select(table.c.tenant_id))).scalars().all()
    assert set(tenants) == {neighbours.acme.tenant.id}


async def test_a_tenant_sees_itself_and_what_is_beneath_it(databases: Databases, clock: HeldClock) -> None:
    """A partner sees its customers' tenants; a customer sees neither its partner nor its partner's other customer."""
    partner = await make_tenant(databases, clock, "partner")
    one, other = [await make_tenant(databases, clock, name, partner) for name in ("one", "other")]
    for viewer, seen in ((partner, {partner.id, one.id, other.id}), (one, {one.id})):
        async with databases.app.read(viewer.id) as connection:
            assert set((await connection.execute(select(Tenant.id))).scalars()) == seen


@every_tenant_table
async def test_a_row_cannot_be_made_for_a_neighbour(databases: Databases, neighbours: Neighbours, table: Table) -> None:
    """A row that names another tenant is refused, whatever else it says."""
    row = (await rows_of(databases, neighbours.globex.tenant, table))[0]
    with pytest.raises(DBAPIError) as refused:
        async with databases.app.write(neighbours.acme.tenant.id) as connection:
            await connection.execute(insert(table), {**row, **({"id": uuid.uuid4()} if "id" in table.c else {})})
    assert code(refused.value) == FORBIDDEN


@every_tenant_table
async def test_a_row_cannot_be_given_to_a_neighbour(databases: Databases, neighbours: Neighbours, table: Table) -> None:
    """A row's tenant never changes."""
    with pytest.raises(DBAPIError) as refused:
        async with databases.app.write(neighbours.acme.tenant.id) as connection:
            await connection.execute(update(table).values(tenant_id=neighbours.globex.tenant.id))
    assert code(refused.value) == FORBIDDEN


@every_tenant_table
async def test_a_neighbours_row_cannot_be_changed(databases: Databases, neighbours: Neighbours, table: Table) -> None:
    """An UPDATE or DELETE that names a neighbour's row finds no row, and the row stays as it was."""
    before = await rows_of(databases, neighbours.globex.tenant, table)
    theirs = table.c.tenant_id == neighbours.globex.tenant.id
    granted = grants()[table.name][DatabaseRole.APP]
    itself = {list(table.c)[-1]: list(table.c)[-1]}
    changes: list[Any] = [update(table).where(theirs).values(itself)] if "UPDATE" in granted else []
    if "DELETE" in granted:
        changes.append(delete(table).where(theirs))
    async with databases.app.write(neighbours.acme.tenant.id) as connection:
        assert [(await connection.execute(change)).rowcount for change in changes] == [0] * len(changes)
    assert await rows_of(databases, neighbours.globex.tenant, table) == before


@pytest.mark.parametrize(("table", "reference"), REFERENCES, ids=lambda value: str(value.name))
async def test_a_neighbours_row_cannot_be_referred_to(
    databases: Databases, neighbours: Neighbours, table: Table, reference: ForeignKeyConstraint
) -> None:
    """A reference to a neighbour's row fails, in the same words as one to a row that nobody has."""
    column = reference.columns.values()[-1]
    answers = []
    for wanted in (getattr(neighbours.globex, reference.referred_table.name).id, uuid.uuid4()):
        values: dict[Any, Any] = {column: wanted}
        if column.name == "parent_id" and "path" in table.c:
            # A check holds the path to the parent, and is asked before the reference is.
            values[table.c.path] = array([wanted, table.c.id])
        if column.name == "area_id":
            # As above: an area is named together with its location.
            values[table.c.location_id] = neighbours.acme.location.id
        if table.name in EITHER:
            others = {name for names in EITHER[table.name] if column.name in names for name in names} - {column.name}
            values |= {table.c[name]: None for name in others}
        statement: Any = update(table).values(values)
        if "UPDATE" not in grants()[table.name][DatabaseRole.APP]:
            statement = insert(table).values({**a_binding(neighbours.acme, table), **values})
        with pytest.raises(DBAPIError) as refused:
            async with databases.app.write(neighbours.acme.tenant.id) as connection:
                await connection.execute(statement)
        assert code(refused.value) == NO_SUCH_ROW
        answers.append(str(refused.value.orig).replace(str(wanted), "ID"))
    assert answers[0] == answers[1]


def a_binding(tenant: SimpleNamespace, table: Table) -> dict[Any, Any]:
    """A row of the one table whose rows are made and unmade, and never changed."""
    given = {"tenant_id": tenant.tenant.id, "id": uuid.uuid4(), "user_id": tenant.user.id, "built_in": "viewer", **MADE}
    return {table.c[name]: value for name, value in given.items()}


async def test_what_a_neighbour_has_is_free_for_others(
    databases: Databases, clock: HeldClock, neighbours: Neighbours
) -> None:
    """Ids, codes, serials and keys are unique in a tenant only, so that no conflict tells what a neighbour has."""
    fresh = await make_tenant(databases, clock, "fresh")
    for table in TENANT_DATA:
        copies = [{**row, "tenant_id": fresh.id} for row in await rows_of(databases, neighbours.globex.tenant, table)]
        async with databases.app.write(fresh.id) as connection:
            await connection.execute(insert(table), copies)
        assert len(await rows_of(databases, fresh, table)) == len(copies) > 0


@every_table
async def test_the_application_cannot_truncate(databases: Databases, acme: Estate, table: Table) -> None:
    """TRUNCATE knows no policies, so nobody but the owner has it."""
    await refused_to(databases.app, acme, f"TRUNCATE {table.name} CASCADE")


@every_secured_table
async def test_the_application_cannot_turn_the_policies_off(databases: Databases, acme: Estate, table: Table) -> None:
    """With `row_security` off a query fails where a policy would have held rows back."""
    await refused_to(databases.app, acme, "SET LOCAL row_security = off", f"TABLE {table.name}")


@pytest.mark.parametrize("role", [DatabaseRole.OWNER, DatabaseRole.PLATFORM])
async def test_the_application_cannot_become_another_role(
    databases: Databases, acme: Estate, role: DatabaseRole
) -> None:
    """The application stays what it logged in as."""
    await refused_to(databases.app, acme, f"SET LOCAL ROLE {role}")


@pytest.mark.parametrize(
    "statement",
    ["SELECT hash FROM credential", "UPDATE credential SET token_id = tenant_id", "DELETE FROM credential"],
)
async def test_the_application_cannot_read_secrets_hashes(databases: Databases, acme: Estate, statement: str) -> None:
    """What tells a secret's tenant is written by the application and read by the platform alone."""
    await refused_to(databases.app, acme, statement)


@pytest.mark.parametrize(
    "statement", ["INSERT INTO tenant DEFAULT VALUES", "UPDATE tenant SET name = 'x'", "DELETE FROM tenant"]
)
async def test_the_application_cannot_change_tenants(databases: Databases, acme: Estate, statement: str) -> None:
    """A tenant cannot raise itself to another place in the tree."""
    await refused_to(databases.app, acme, statement)


async def test_the_platform_reads_tenants_and_tokens_of_all(databases: Databases, neighbours: Neighbours) -> None:
    """What finds the tenant of a token has to look across tenants."""
    both = {neighbours.acme.tenant.id, neighbours.globex.tenant.id}
    async with databases.platform.read(None) as connection:
        assert both <= set((await connection.execute(select(Tenant.id))).scalars())
        assert both <= set((await connection.execute(select(Token.tenant_id))).scalars())


@pytest.mark.parametrize(
    "table", [table for table in TENANT_DATA if DatabaseRole.PLATFORM not in grants()[table.name]], ids=str
)
async def test_the_platform_reads_no_estate(databases: Databases, acme: Estate, table: Table) -> None:
    """Looking across tenants ends at what they have: the platform's role cannot read it, tenant named or not."""
    await refused_to(databases.platform, acme, f"TABLE {table.name}")


@pytest.mark.parametrize("statement", ["UPDATE token SET revoked_at = NULL", "DELETE FROM tenant", "TRUNCATE tenant"])
async def test_the_platform_cannot_change_tokens_or_delete_tenants(
    databases: Databases, acme: Estate, statement: str
) -> None:
    """Reading across tenants brings no right to write across them."""
    await refused_to(databases.platform, acme, statement)


def code(error: DBAPIError) -> str:
    """PostgreSQL's code of an error."""
    found: str = error.orig.sqlstate  # type: ignore[union-attr]
    return found


async def count(connection: AsyncConnection, table: Table) -> int:
    """How many rows of a table can be seen."""
    return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


async def rows_of(databases: Databases, tenant: SimpleNamespace, table: Table) -> list[dict[str, Any]]:
    """A tenant's rows, oldest first."""
    async with databases.app.read(tenant.id) as connection:
        rows = (await connection.execute(select(table).order_by(*table.primary_key.columns))).mappings().all()
    return [dict(row) for row in rows]


async def refused_to(database: Database, estate: Estate, *statements: str) -> None:
    """Assert that a role may not do the last of these as the estate's tenant."""
    with pytest.raises(DBAPIError) as refused:
        await run(database, estate, statements)
    assert code(refused.value) == FORBIDDEN
    assert refused.value.statement == statements[-1]


async def run(database: Database, estate: Estate, statements: Sequence[str]) -> None:
    """Run statements in one transaction of the estate's tenant."""
    async with database.write(estate.tenant.id) as connection:
        for statement in statements:
            await connection.execute(text(statement))
