"""Changing an estate through the graph, and seeing all of it, so that "nothing changed" can be said of everything."""

import re
from typing import Any

from sqlalchemy import select

from auth.scopes import Scope
from models import Area, Deletion, Device, DeviceType, Event, Location, Organization, Tenant
from tenantry.databases import Databases
from tests.ask import Ask
from tests.estate import Estate

EVERYTHING = [scope for scope in Scope if scope.startswith("tenant.")]
SHOWN = {
    "Location": "id version code name city country timeZone latitude organization { id }",
    "Area": "id version code name kind floor location { id } parent { id }",
    "Organization": "id version key name parent { id }",
    "DeviceType": "id version key name kind commands properties",
    "Device": """id version serial name lifecycle firmware enabled labels desired purchaseValue currency
      warrantyEndsAt updatedAt type { id } location { id } area { id } parent { id } organization { id }""",
    "Tenant": """id version slug name status city country currency email updatedAt
      branding { logoUrl accentColor } parent { id }""",
}
TABLES = (Tenant, Location, Area, Organization, DeviceType, Device, Deletion, Event)
Node = dict[str, Any]


def parts(field: str) -> tuple[str, str]:
    """`createArea` -> `create` and `Area`."""
    found = re.fullmatch("([a-z]+)([A-Z].*)", field)
    assert found, field
    return found[1], found[2]


def input_type(field: str) -> str:
    """The type of a mutation's input."""
    verb, noun = parts(field)
    return {"delete": "DeleteInput", "restore": "RestoreInput"}.get(verb, f"{verb.capitalize()}{noun}Input")


def selection(field: str) -> str:
    """Everything that a mutation answers."""
    verb, noun = parts(field)
    counts = "counts { type count }"
    thing = f"... on {noun} {{ {SHOWN[noun]} }}"
    if verb == "delete":
        thing = f"... on Deletion {{ id {counts} }} ... on NotEmpty {{ {counts} }}"
    problems = (
        "... on Problem { message } ... on Conflict { currentVersion } ... on Invalid { fields { path message } }"
    )
    return f"{{ __typename {thing} {problems} }}"


def document(field: str) -> str:
    """The operation of one mutation."""
    return f"mutation ($in: {input_type(field)}!) {{ {field}(input: $in) {selection(field)} }}"


async def change(ask: Ask, estate: Estate, field: str, **given: Any) -> Node:
    """What the mutation answers to a caller with every scope; errors are not expected."""
    outcome = await ask(estate, document(field), *EVERYTHING, **{"in": given})
    assert outcome.errors == [], outcome.errors
    answered: Node = outcome.data[field]
    return answered


async def changed(ask: Ask, estate: Estate, field: str, **given: Any) -> Node:
    """As `change`, where a thing and not a problem is expected."""
    answered = await change(ask, estate, field, **given)
    assert "message" not in answered, answered
    return answered


async def create_area(ask: Ask, estate: Estate, code: str, parent: str | None = None) -> Node:
    """A room in the estate's location, or in another area."""
    place = {"parentId": parent} if parent else {"locationId": estate.ids["Location"]}
    return await changed(ask, estate, "createArea", code=code, name=code, kind="ROOM", place=place)


async def create_device(ask: Ask, estate: Estate, serial: str, **given: Any) -> Node:
    """A device of the estate's type; nowhere, unless a place is given."""
    named = {"serial": serial, "name": serial, "typeId": estate.ids["DeviceType"]}
    return await changed(ask, estate, "createDevice", **named, **given)


async def events(databases: Databases, estate: Estate) -> list[Node]:
    """The tenant's feed, in its order."""
    async with databases.app.read(estate.tenant.id) as connection:
        rows = await connection.execute(select(Event.__table__).order_by(Event.number))
        return [dict(row) for row in rows.mappings()]


async def everything(databases: Databases, estate: Estate) -> dict[str, list[Node]]:
    """All rows of the tenant, the deleted ones too."""
    found: dict[str, list[Node]] = {}
    async with databases.app.read(estate.tenant.id) as connection:
        for table in TABLES:
            rows = await connection.execute(select(table.__table__))
            found[table.__tablename__] = sorted((dict(row) for row in rows.mappings()), key=repr)
    return found
