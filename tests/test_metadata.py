"""The rules of the schema's design, asked of the declarations themselves, whatever table is added.

They are what row-level security and a distributed engine need.
"""

from typing import Any

import pytest
from sqlalchemy import ARRAY, CheckConstraint, Enum, Integer, PrimaryKeyConstraint, Table, Text, UniqueConstraint, Uuid
from sqlalchemy.schema import ColumnCollectionConstraint

from loaders.edges import EDGES, Edge, tenants_in_reach
from loaders.entities import DEVICE, ENTITIES, Column, Entity
from models import Base, Credential, Tenant
from models.base import LIVING
from models.policies import is_tenant_data
from models.tenant import LIVING_TENANT

TABLES = Base.metadata.sorted_tables
TENANT_DATA = [table for table in TABLES if is_tenant_data(table)]
# What finds a tenant cannot be keyed by it: these hold no tenant's data, and neither points at any.
REFERENCE = {Tenant.__tablename__, Credential.__tablename__}
VOLATILE = {"status", "last_seen_at", "reported", "desired", "updated_at", "version"}

LISTS = [(edge, order) for edge in EDGES.values() if edge.many for order in edge.target.orders]
ORDERINGS = [(entity, order) for entity in ENTITIES for order in entity.orders]


def named(value: Any) -> str:
    """The name of a test's parameter."""
    return value if isinstance(value, str) else str(value.name)


every_table = pytest.mark.parametrize("table", TABLES, ids=named)
every_tenant_table = pytest.mark.parametrize("table", TENANT_DATA, ids=named)


def test_every_table_is_tenant_data_or_a_named_reference_table() -> None:
    """A new table is tenant data unless somebody says in so many words that it is not."""
    assert {table.name for table in TABLES} - {table.name for table in TENANT_DATA} == REFERENCE


@every_tenant_table
def test_the_tenant_leads_every_key_and_index(table: Table) -> None:
    """The tenant is the first column of the primary key, of each unique constraint, foreign key and index."""
    assert isinstance(table.c.tenant_id.type, Uuid)
    assert not table.c.tenant_id.nullable
    assert keys(table)
    assert {name: columns[0] for name, columns in keys(table).items() if columns[0] != "tenant_id"} == {}


@pytest.mark.parametrize("table", [table for table in TENANT_DATA if "id" in table.c], ids=named)
def test_a_thing_is_named_by_its_tenant_and_its_id(table: Table) -> None:
    """The primary key is (tenant_id, id), so that batches and references are alike everywhere."""
    assert [column.name for column in table.primary_key.columns] == ["tenant_id", "id"]


@every_tenant_table
def test_references_stay_within_the_tenant(table: Table) -> None:
    """A foreign key carries the tenant on both sides: a neighbour's row cannot be named."""
    for constraint in table.foreign_key_constraints:
        pairs = [(element.parent.name, element.column.name) for element in constraint.elements]
        assert pairs[0] == ("tenant_id", "tenant_id"), constraint.name
        assert len(pairs) > 1, f"{constraint.name} is not composite"
        assert is_tenant_data(constraint.referred_table), f"{constraint.name} leaves the tenant's data"


@every_table
def test_references_cascade_or_do_nothing(table: Table) -> None:
    """Nulling and defaults on delete are application code: distributed engines refuse them."""
    for constraint in table.foreign_key_constraints:
        assert {constraint.ondelete, constraint.onupdate} <= {None, "NO ACTION", "CASCADE"}, constraint.name


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_reference_tables_point_at_no_tenant_data(name: str) -> None:
    """What is shared by all tenants depends on none of them."""
    referred = {constraint.referred_table.name for constraint in Base.metadata.tables[name].foreign_key_constraints}
    assert referred <= {name}


def test_the_tenants_number_is_the_only_sequence() -> None:
    """Ids are made by the application; only the reference table counts, for the dialects that show numbers."""
    counted = [
        str(column)
        for table in TABLES
        for column in table.columns
        if column.identity is not None
        or (column.default is not None and column.default.is_sequence)
        or (column.primary_key and isinstance(column.type, Integer) and column.autoincrement is not False)
    ]
    assert counted == ["tenant.number"]


@every_table
def test_nothing_is_a_postgresql_enum(table: Table) -> None:
    """Comparisons of enums are not leakproof, so under row-level security no index would serve them."""
    types = [column.type.item_type if isinstance(column.type, ARRAY) else column.type for column in table.columns]
    assert not [type_ for type_ in types if isinstance(type_, Enum)]


@pytest.mark.parametrize(("entity", "order"), ORDERINGS, ids=named)
def test_orderings_stand_on_columns_that_ranges_can_seek(entity: Entity, order: str) -> None:
    """A null has no place in a keyset, and only byte order is leakproof: NOT NULL, and COLLATE "C" for text."""
    column = table_of(entity).c[entity.orders[order].key]
    assert not column.nullable
    assert isinstance(column.type, Uuid) or (isinstance(column.type, Text) and column.type.collation == "C")


@pytest.mark.parametrize(("edge", "order"), LISTS, ids=named)
def test_every_ordering_of_every_list_has_its_index(edge: Edge, order: str) -> None:
    """Any page of any list is read from one index: the tenant, the parent, the order, the id."""
    wanted = columns_sought(edge, edge.target.orders[order])
    table = table_of(edge.target)
    serving = [
        columns
        for columns, unique in indexes_for(table, edge.column.key)
        if columns == wanted or (unique and columns == wanted[:-1])
    ]
    assert serving, f"no index on {table.name} ({', '.join(wanted)})"


def test_heartbeats_touch_no_index() -> None:
    """What changes often is in no index of device, so that a heartbeat stays a heap-only update."""
    table = table_of(DEVICE)
    assert set(table.c.keys()) >= VOLATILE
    assert {name: columns for name, columns in keys(table).items() if VOLATILE & set(columns)} == {}


def keys(table: Table) -> dict[str, list[str]]:
    """The columns of every primary key, unique constraint, foreign key and index, by its name."""
    constraints = [
        each
        for each in table.constraints
        if isinstance(each, ColumnCollectionConstraint) and not isinstance(each, CheckConstraint)
    ]
    columns = {str(each.name): [column.name for column in each.columns] for each in constraints}
    return columns | {str(each.name): [column.name for column in each.columns] for each in table.indexes}


def columns_sought(edge: Edge, order: Column) -> list[str]:
    """The columns that one page is sought by, in their order.

    `tenants_in_reach` asks which paths contain the tenant: no B-tree serves that beside an order. Tenants are the rows
    of a small table, so their list is read in its order and the rest passed over; a GIN index serves the count.
    """
    wanted = ["tenant_id"] if is_tenant_data(table_of(edge.target)) else []
    if edge is not tenants_in_reach:
        wanted.append(edge.column.key)
    return list(dict.fromkeys([*wanted, order.key, edge.target.id.key]))


def indexes_for(table: Table, parent: str) -> list[tuple[list[str], bool]]:
    """The columns that PostgreSQL can seek by wherever `parent` has a value, and whether they are unique."""
    constraints = [
        ([column.name for column in each.columns], True)
        for each in table.constraints
        if isinstance(each, PrimaryKeyConstraint | UniqueConstraint)
    ]
    # Lists show the living alone.
    wheres = {"None", f"{parent} IS NOT NULL", LIVING, f"{parent} IS NOT NULL AND {LIVING}", LIVING_TENANT}
    indexes = [
        ([column.name for column in each.columns], each.unique)
        for each in table.indexes
        if not each.dialect_options["postgresql"]["using"]
        and str(each.dialect_options["postgresql"]["where"]) in wheres
    ]
    return constraints + indexes


def table_of(entity: Entity) -> Table:
    """The table that an entity's rows are in."""
    return Base.metadata.tables[entity.table.__tablename__]
