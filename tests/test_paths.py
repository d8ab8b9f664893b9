"""Areas and organizations carry their paths, which say the same as walking up from parent to parent."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from models import Area, Organization
from models.ids import encode
from models.migrate import migrate
from resolvers.context import Context
from resolvers.following.feeds import Feeds
from resolvers.following.postgres import PostgresWakes
from resolvers.importing import Mode
from resolvers.writing.bulk.create import create as bulk_create
from resolvers.writing.bulk.update import update as bulk_update
from resolvers.writing.change import Change, perform
from resolvers.writing.nouns import ORGANIZATION_NOUN
from tenantry.databases import Databases
from tests.ask import Ask, caller_of
from tests.changing import EVERYTHING, change, changed, create_area, events
from tests.clock import HeldClock
from tests.estate import Estate, add, make_estate
from tests.importing import Importer
from tests.postgres import create_database, run_as_superuser
from tests.sql import statements
from tests.test_import_further import write

TABLES: dict[str, Any] = {"Area": Area, "Organization": Organization}
TREE = """WITH RECURSIVE tree AS (
  SELECT id, ARRAY[id] AS path FROM {table} WHERE parent_id IS NULL UNION ALL
  SELECT below.id, tree.path || below.id FROM {table} below JOIN tree ON tree.id = below.parent_id)
SELECT {table}.id, {table}.path, tree.path AS walked FROM {table} LEFT JOIN tree USING (id)"""
MAKE_TENANT = (
    """INSERT INTO tenant (id, short_id, slug, name, path, created_at, updated_at)
      VALUES ('{tenant}', '{tenant}', '{tenant}', 'T', ARRAY['{tenant}']::uuid[], now(), now())""",
    """INSERT INTO location (tenant_id, id, code, name, created_at, updated_at)
      VALUES ('{tenant}', '{location}', 'c', 'N', now(), now())""",
)
MAKE_ROWS = (
    """INSERT INTO area (tenant_id, id, location_id, parent_id, code, name, kind, created_at, updated_at, deleted_at)
      VALUES ('{tenant}', '{id}', '{location}', {parent}, 'c{at}', 'N', 'ROOM', now(), now(), {deleted})""",
    """INSERT INTO organization (tenant_id, id, parent_id, key, name, created_at, updated_at, deleted_at)
      VALUES ('{tenant}', '{id}', {parent}, 'k{at}', 'N', now(), now(), {deleted})""",
)
RIGHT = """SELECT 1 / (count(*) = 8)::int FROM {table}
  WHERE path = (ARRAY[{ids}]::uuid[])[1:cardinality(path)] AND path[cardinality(path)] = id"""
few = settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
# Which of what there is by then, and which of that something is done to.
NUMBERS = st.integers(0, 40)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["Area", "Organization"]),
        st.sampled_from(["create", "create", "create", "move", "move", "move", "delete", "restore", "import"]),
        NUMBERS,
        NUMBERS,
    ),
    min_size=5,
    max_size=25,
)


async def walked(databases: Databases, tenant_id: uuid.UUID) -> int:
    """Assert that each path, deleted rows' too, is what walking down from the roots finds; how many rows there are."""
    count = 0
    async with databases.app.read(tenant_id) as connection:
        for name in ("area", "organization"):
            rows = (await connection.execute(text(TREE.format(table=name)))).mappings().all()
            assert [row["path"] for row in rows] == [row["walked"] for row in rows]
            count += len(rows)
    return count


class Steps:
    """What is done to one tenant, step by step; what is refused is refused, and what is done leaves paths right."""

    def __init__(self, ask: Ask, importer: Importer, estate: Estate, folder: Path) -> None:
        self._ask = ask
        self._importer = importer
        self._estate = estate
        self._folder = folder
        self._made = 0
        self.ids: dict[str, list[str]] = {
            "Area": [encode(Area.prefix, estate.floor.id), encode(Area.prefix, estate.area.id)],
            "Organization": [estate.ids["Organization"]],
        }

    async def take(self, noun: str, step: str, one: int, other: int) -> None:
        """Do it, if it can be done."""
        ids = self.ids[noun]
        # One of them, or none at all.
        parent = [*ids, None][other % (len(ids) + 1)]
        row_id = ids[one % len(ids)]
        self._made += 1
        key = f"made-{self._made}"
        if step == "create":
            answer = await change(self._ask, self._estate, f"create{noun}", **self._new(noun, key, parent))
        elif step == "move":
            to = {"parentId": parent} if parent else {"none": True}
            answer = await change(self._ask, self._estate, f"move{noun}", id=row_id, to=to)
        elif step == "import":
            answer = {}
            await self._import(noun, one, other)
        else:
            given = {"id": row_id, "cascade": True} if step == "delete" else {"id": row_id}
            answer = await change(self._ask, self._estate, f"{step}{noun}", **given)
        if step == "create" and "message" not in answer:
            ids.append(answer["id"])

    def _new(self, noun: str, key: str, parent: str | None) -> dict[str, Any]:
        if noun == "Organization":
            return {"key": key, "name": key, "parentId": parent}
        place = {"parentId": parent} if parent else {"locationId": self._estate.ids["Location"]}
        return {"code": key, "name": key, "kind": "ROOM", "place": place}

    async def _import(self, noun: str, one: int, other: int) -> None:
        """Some of what lives, and something new, each beneath another."""
        model = TABLES[noun]
        key = "code" if noun == "Area" else "key"
        living = [row[key] for row in await self._importer.rows(model) if row["deleted_at"] is None]
        names = [*living[one % (len(living) + 1) :][:3], f"new-{self._made}-a", f"new-{self._made}-b"]
        above = [*living, *names, ""]
        lines = [
            {key: name, "name": name, "parent": above[(other * 7 + at * (one + 1)) % len(above)]}
            for at, name in enumerate(names)
        ]
        if noun == "Area":
            sheets: dict[str, Any] = {"areas": [{"location": "hq", "kind": "ROOM", **line} for line in lines]}
        else:
            sheets = {"organizations": lines}
        place = {"code": "hq", "name": "HQ", "city": "", "country": "", "timezone": ""}
        folder = write(self._folder, **({"locations": [place], "areas": [], "devices": []} | sheets))
        await self._importer.run(folder, Mode(partial=True))
        self.ids[noun] += [
            encode(model.prefix, row["id"])
            for row in await self._importer.rows(model)
            if encode(model.prefix, row["id"]) not in self.ids[noun]
        ]


@few
@given(steps=STEPS)
async def test_paths_are_right_whatever_is_done(
    *, ask: Ask, databases: Databases, clock: HeldClock, tmp_path: Path, steps: list[tuple[str, str, int, int]]
) -> None:
    """Created, moved, deleted, restored and imported in any order, both trees stay spelled by their paths."""
    estate = await make_estate(databases, clock, "acme")
    taking = Steps(ask, Importer(databases, clock, estate.tenant.id), estate, tmp_path / "sheets")
    for step in steps:
        await taking.take(*step)
        await walked(databases, estate.tenant.id)


async def chain(ask: Ask, acme: Estate, length: int, prefix: str) -> list[str]:
    """Areas, each within the one before it."""
    made: list[str] = []
    for level in range(length):
        made.append((await create_area(ask, acme, f"{prefix}-{level}", made[-1] if made else None))["id"])
    return made


async def test_a_move_costs_the_same_however_much_lies_beneath(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """One area, or one with three levels and a hundred rows in it: the same statements; only its own version rises."""
    [alone] = await chain(ask, acme, 1, "alone")
    above = await chain(ask, acme, 4, "deep")
    for number in range(100):
        floor = {"code": f"room-{number}", "name": "Room", "kind": "ROOM", "parent_id": uuid_of(above[-1])}
        await add(databases, clock, Area, acme.tenant.id, location_id=acme.location.id, **floor)
    counts = []
    for each in (alone, above[1]):
        with statements() as sent:
            await changed(ask, acme, "moveArea", id=each, to={"parentId": encode(Area.prefix, acme.floor.id)})
        counts.append(len(sent))
    assert counts[0] == counts[1], counts
    assert await walked(databases, acme.tenant.id) == 2 + 1 + 4 + 100 + 1
    told = [each for each in await events(databases, acme) if each["kind"] == "MOVED"]
    assert [each["changed"] for each in told] == [["parent_id"]] * 2
    rows = await Importer(databases, clock, acme.tenant.id).rows(Area)
    assert {row["version"] for row in rows if row["id"] not in (uuid_of(alone), uuid_of(above[1]))} == {1}


async def test_what_is_restored_is_where_its_parent_is_by_now(ask: Ask, databases: Databases, acme: Estate) -> None:
    """A parent moves while what lay beneath it is deleted, two deletions deep: all come back beneath it."""
    above = await chain(ask, acme, 3, "deep")
    await changed(ask, acme, "deleteArea", id=above[2])
    await changed(ask, acme, "deleteArea", id=above[1])
    await changed(ask, acme, "moveArea", id=above[0], to={"parentId": encode(Area.prefix, acme.floor.id)})
    await walked(databases, acme.tenant.id)
    for each in above[1:]:
        await changed(ask, acme, "restoreArea", id=each)
    await walked(databases, acme.tenant.id)


async def test_many_that_change_at_once_have_their_paths(databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """Items in each other, in any order: each is where all of them together put it, and so is what is on no item."""
    tenant = acme.tenant.id
    keys = ("a", "b", "c", "d", "e")
    made: dict[str, Any] = {}
    for key in keys:
        parent = made[chr(ord(key) - 1)].id if key != "a" else None
        made[key] = await add(databases, clock, Organization, tenant, key=key, name=key, parent_id=parent)
    ids = {key: encode(Organization.prefix, row.id) for key, row in made.items()}
    west = acme.ids["Organization"]
    moves = [("d", west), ("b", ids["d"]), ("a", west), ("c", None)]
    items = [{"id": ids[key], "parentId": parent} for key, parent in moves]
    created = [{"key": f"n{at}", "name": "N", "parentId": parent} for at, parent in enumerate([None, west, ids["e"]])]
    feeds = Feeds(databases.app, PostgresWakes(databases.app))
    caller = caller_of(acme.tenant, clock, frozenset(EVERYTHING))

    async def work(change: Change) -> dict[str, Any]:
        for action, these in ((bulk_update, items), (bulk_create, created)):
            outcome = await action(change, ORGANIZATION_NOUN, these, atomic=True)
            assert not outcome.problems, outcome.problems
        return {}

    async with Context(databases.app, caller, clock, "a-request", feeds) as context:
        await perform(context, "bulk", {}, None, work)
    assert await walked(databases, tenant) == 2 + 1 + len(keys) + len(created)
    rows = {row["key"]: row for row in await Importer(databases, clock, tenant).rows(Organization)}
    spelled = {key: "".join(each["key"][-1] for each in _along(rows, row["path"])) for key, row in rows.items()}
    assert {key: spelled[key] for key in keys} == {"a": "ta", "b": "tdb", "c": "c", "d": "td", "e": "tde"}
    assert {key: spelled[key] for key in ("n0", "n1", "n2")} == {"n0": "0", "n1": "t1", "n2": "tde2"}
    assert {key: rows[key]["version"] for key in keys} == {"a": 2, "b": 2, "c": 2, "d": 2, "e": 1}
    assert all("path" not in each["changed"] for each in await events(databases, acme))


@pytest.mark.parametrize("model", [Area, Organization])
async def test_a_wrong_path_is_refused(databases: Databases, clock: HeldClock, acme: Estate, model: Any) -> None:
    """The database holds a path's end to the row and its parent, whatever writes it."""
    if model is Area:
        fields = {"location_id": acme.location.id, "code": "new", "name": "New", "kind": "ROOM"}
    else:
        fields = {"key": "new", "name": "New"}
    made = await add(databases, clock, model, acme.tenant.id, **fields)
    there = (acme.floor if model is Area else acme.organization).id
    wrong: list[dict[str, Any]] = [
        {"path": []},
        {"path": [uuid.uuid4()]},
        {"path": [there, made.id]},
        {"parent_id": there},
        {"parent_id": there, "path": [made.id]},
        {"parent_id": there, "path": [made.id, there]},
    ]
    for values in wrong:
        with pytest.raises(IntegrityError, match=f"{model.__tablename__}_path_check"):
            async with databases.app.write(acme.tenant.id) as connection:
                await connection.execute(update(model).where(model.id == made.id).values(values))


async def test_an_import_makes_no_sixth_level(
    databases: Databases, clock: HeldClock, acme: Estate, tmp_path: Path
) -> None:
    """Neither by a new line, nor by moving what has something beneath it, which may be on no line; and says why."""
    importer = Importer(databases, clock, acme.tenant.id)
    levels = [{"key": f"k{at}", "name": "K", "parent": f"k{at - 1}" if at else ""} for at in range(7)]
    outcome, findings = await importer.run(write(tmp_path / "deep", organizations=levels), Mode(partial=True))
    assert findings == [
        "organizations.csv:7:parent: it would lie deeper than 5 levels",
        "organizations.csv:8:parent: it would lie deeper than 5 levels",
    ]
    assert outcome.changes is not None
    assert outcome.changes["organizations"].created == 5
    moved = [{"key": "top", "name": "Top"}, {"key": "k0", "name": "K", "parent": "top"}]
    _, findings = await importer.run(write(tmp_path / "moved", organizations=moved))
    assert findings == ["organizations.csv:3:parent: what lies beneath it would lie deeper than 5 levels"]
    moved = [{"key": "k2", "name": "K", "parent": "west"}]
    _, findings = await importer.run(write(tmp_path / "fits", organizations=moved))
    assert findings == []
    await walked(databases, acme.tenant.id)
    assert sorted(len(row["path"]) for row in await importer.rows(Organization)) == [1, 1, 2, 2, 3, 4]


async def test_a_sheet_without_parents_moves_nothing(
    databases: Databases, clock: HeldClock, acme: Estate, tmp_path: Path
) -> None:
    """What a file does not speak of stays: keys and names alone leave every organization beneath its parent."""
    importer = Importer(databases, clock, acme.tenant.id)
    lines = [{"key": "a", "name": "A"}, {"key": "b", "name": "B", "parent": "a"}]
    await importer.run(write(tmp_path / "whole", organizations=lines))
    named = [{"key": "b", "name": "Beta"}, {"key": "c", "name": "C"}]
    await importer.run(write(tmp_path / "names", organizations=named))
    await walked(databases, acme.tenant.id)
    assert {row["key"]: len(row["path"]) for row in await importer.rows(Organization)} == {
        "west": 1, "a": 1, "b": 2, "c": 1,
    }  # fmt: skip


async def test_the_migration_spells_the_paths_of_what_is_there(superuser_url: str) -> None:
    """Two tenants' trees from before 0007, with the same ids in both; then back, and forward again."""
    name = f"tenantry_scratch_{uuid.uuid4().hex[:12]}"
    made = await create_database(superuser_url, name)
    await migrate(made.owner, "0006")
    ids = [uuid.uuid4() for _ in range(4)]
    for tenant in (uuid.uuid4(), uuid.uuid4()):
        await run_as_superuser(made.superuser, *_before_paths(tenant, ids))
    for _ in range(2):
        await migrate(made.owner, "0007")
        for table in ("area", "organization"):
            await run_as_superuser(made.superuser, _right(table, ids))
        await migrate(made.owner, "0006")
    await run_as_superuser(superuser_url, f"DROP DATABASE {name} WITH (FORCE)")


def _before_paths(tenant: uuid.UUID, ids: list[uuid.UUID]) -> list[str]:
    """A tenant with a chain of four areas and of four organizations, the last ones deleted."""
    made = [each.format(tenant=tenant, location=ids[0]) for each in MAKE_TENANT]
    for at, row_id in enumerate(ids):
        parent = f"'{ids[at - 1]}'" if at else "NULL"
        deleted = "now()" if row_id == ids[-1] else "NULL"
        named = {"tenant": tenant, "id": row_id, "parent": parent, "at": at, "location": ids[0], "deleted": deleted}
        made += [each.format(**named) for each in MAKE_ROWS]
    return made


def _right(table: str, ids: list[uuid.UUID]) -> str:
    """Fails unless both tenants' rows have their paths: a division by zero."""
    return RIGHT.format(table=table, ids=", ".join(f"'{each}'" for each in ids))


async def test_paths_are_nobodys_to_see(ask: Ask, databases: Databases, acme: Estate, built: GraphQLSchema) -> None:
    """No type, filter or input of the graph names them, and no event says that they changed."""
    for name in ("Area", "Organization"):
        for each in (name, f"{name}Filter", f"Create{name}Input", f"Update{name}Input", f"Move{name}Input"):
            found = built.type_map[each]
            assert isinstance(found, GraphQLObjectType | GraphQLInputObjectType)
            assert "path" not in found.fields
    await create_area(ask, acme, "new", encode(Area.prefix, acme.floor.id))
    assert all("path" not in each["changed"] for each in await events(databases, acme))


def _along(rows: dict[str, dict[str, Any]], path: list[uuid.UUID]) -> list[dict[str, Any]]:
    by_id = {row["id"]: row for row in rows.values()}
    return [by_id[each] for each in path]


def uuid_of(encoded: str) -> uuid.UUID:
    """The row that an id names."""
    return uuid.UUID(encoded.partition("_")[2])
