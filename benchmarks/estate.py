"""An estate of a size: so many rows in every list that an operation goes through.

The first thing of each kind is a hub: everything hangs on it that can. Of two estates only the numbers differ.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import insert

from auth.principal import Caller, Principal, TenantRef, kind_of
from auth.scopes import expand
from auth.token import digest, mint
from benchmarks.people import OWN_TOKEN, people
from loaders.entities import (
    AREA,
    DEVICE,
    DEVICE_TYPE,
    ENTITIES,
    LOCATION,
    ORGANIZATION,
    ROLE,
    ROLE_BINDING,
    SERVICE_ACCOUNT,
    TENANT,
    TOKEN,
    USER,
    Entity,
)
from models import PLATFORM_ID, AuditAction, Credential
from models.clock import Clock
from models.ids import encode
from models.tenant import short_id
from resolvers.auditing import Actor, Changed, Record, Target, append
from tenantry.databases import Databases

Row = dict[str, Any]
# Things that one request names by id.
MOST_NAMED = 50
# In this order nothing refers to what is not there yet.
WRITTEN = (
    *(ORGANIZATION, DEVICE_TYPE, LOCATION, AREA, DEVICE),
    *(USER, SERVICE_ACCOUNT, ROLE, ROLE_BINDING, TOKEN),
)


@dataclass(frozen=True)
class Estate:
    """Its rows, by their types' names, and a service of its tenant that may do everything in it.

    `secret` is the text of its first token.
    """

    size: int
    caller: Caller
    rows: dict[str, list[Row]]
    secret: str = ""

    def id(self, entity: Entity, at: int = 0) -> str:
        """The id of one thing; the first is the hub."""
        return encode(entity.prefix, self.rows[entity.name][at]["id"])

    def mixed(self) -> list[tuple[str, str]]:
        """Type and id of as many things as the estate's size, at most 50, each type in turn."""
        turns = [ENTITIES[at % len(ENTITIES)] for at in range(min(self.size, MOST_NAMED))]
        return [(entity.name, self.id(entity, at // len(ENTITIES))) for at, entity in enumerate(turns)]


async def make_estate(databases: Databases, clock: Clock, size: int) -> Estate:
    """A partner with `size` customers, of which the first has as many, and `size` rows in each list."""
    tenants = _tenants(clock, size)
    home = tenants[0]
    rows = {TENANT.name: tenants, **_things(partial(_row, clock, tenant_id=home["id"]), size)}
    async with databases.platform.write(None) as connection:
        await connection.execute(insert(TENANT.table), tenants)
    async with databases.app.write(home["id"]) as connection:
        for entity in WRITTEN:
            # Rows without a parent come first, or the key to their own table would refuse the others.
            await connection.execute(insert(entity.table), rows[entity.name])
        await append(connection, home["id"], clock.now(), _records(rows[DEVICE.name][:size]))
        secret = mint().reveal()
        first = {"tenant_id": home["id"], "token_id": rows[TOKEN.name][0]["id"]}
        await connection.execute(insert(Credential).values(hash=digest(secret), **first))
    return Estate(size, _caller(clock, home), rows, secret)


def _records(devices: list[Row]) -> list[Record]:
    """That each of these devices was made, by a command."""
    return [
        Record(
            Actor("SYSTEM", None, "make bench-counts"),
            AuditAction.DEVICE_CREATED,
            Target(DEVICE.name, encode(DEVICE.prefix, each["id"])),
            changed={"name": Changed(after=each["name"]), "serial": Changed(after=each["serial"])},
        )
        for each in devices
    ]


def _tenants(clock: Clock, size: int) -> list[Row]:
    def tenant(name: str, above: list[uuid.UUID]) -> Row:
        row = _row(clock, name=name, parent_id=above[-1], status="ACTIVE")
        text = row["id"].hex
        return {**row, "slug": f"some-{text}", "short_id": short_id(row["id"]), "path": [*above, row["id"]]}

    home = tenant("Some partner", [PLATFORM_ID])
    customers = [tenant(f"Some customer {number}", home["path"]) for number in range(size)]
    beneath = [tenant(f"Some customer's {number}", customers[0]["path"]) for number in range(size)]
    return [home, *customers, *beneath]


def _things(row: Any, size: int) -> dict[str, list[Row]]:
    """What hangs on each hub: organizations and locations; areas; areas and devices; devices; devices."""
    numbers = range(size)
    above = _hung(row(key="top", name="Some organization"))
    organizations = [above, *(_hung(row(key=f"k{each}", name=f"Some {each}"), above) for each in numbers)]
    types = [row(key=f"k{each}", name=f"Some type {each}", kind="READER") for each in numbers]
    locations = [row(code=f"c{each}", name=f"Some {each}", organization_id=above["id"]) for each in numbers]

    def area(code: str, location: Row, parent: Row | None = None) -> Row:
        names = {"code": code, "name": f"Some {code}", "kind": "ZONE"}
        return _hung(row(**names, location_id=location["id"]), parent)

    hub = area("hub", locations[0])
    # By name those inside the hub come first, so that a page of areas has every edge.
    inside = [area(f"a{each}", locations[0], hub) for each in numbers]
    around = [area(f"b{each}", locations[0]) for each in numbers]
    elsewhere = [area(f"c{each}", location) for each, location in enumerate(locations[1:])]
    serials = iter(range(10 * size))

    def device(place: Row, kind: Row, parent: Row | None = None) -> Row:
        serial = f"s{next(serials)}"
        where = {"area_id": place["id"], "location_id": place["location_id"], "organization_id": above["id"]}
        return row(  # type: ignore[no-any-return]
            serial=serial, name=f"Some {serial}", type_id=kind["id"], parent_id=parent and parent["id"], **where
        )

    whole = device(hub, types[0])
    parts = [device(hub, types[0], whole) for _ in numbers]
    standing = [device(place, types[0]) for place in (*around, *inside, *elsewhere)]
    # In the second location, and parts of what stands in the first.
    apart = [device(elsewhere[0], kind, whole) for kind in types]
    return {
        **people(row, size, above["id"]),
        ORGANIZATION.name: organizations,
        DEVICE_TYPE.name: types,
        LOCATION.name: locations,
        AREA.name: [hub, *around, *inside, *elsewhere],
        DEVICE.name: [whole, *parts, *standing, *apart],
    }


def _hung(row: Row, parent: Row | None = None) -> Row:
    """A row of a tree that carries its path."""
    above = parent["path"] if parent else []
    return {**row, "parent_id": parent and parent["id"], "path": [*above, row["id"]]}


def _row(clock: Clock, **fields: Any) -> Row:
    return {"id": clock.new_id(), "created_at": clock.now(), "updated_at": clock.now(), **fields}


def _caller(clock: Clock, home: Row) -> Caller:
    tenant = TenantRef(home["id"], home["slug"], home["status"], tuple(home["path"]))
    return Caller(
        Principal(
            kind=kind_of(tenant.id),
            name="make bench-counts",
            token_id=OWN_TOKEN,
            expires_at=clock.now() + timedelta(days=1),
            scopes=expand(["tenant.*"], platform=False),
            home=tenant,
        ),
        tenant,
    )
