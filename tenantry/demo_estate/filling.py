"""Making the tenants and filling them, each in one transaction; what is there already stays as it is."""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from loaders import entities
from loaders.entities import Entity
from models import PLATFORM_ID, Location
from models.clock import Clock
from models.database import Database
from resolvers.operating import record_created
from resolvers.problems import NotFound, Problem
from resolvers.telling import create_rows, gather, record, tell
from resolvers.tenants import create_tenant, tenant_by_slug
from tenantry.demo_estate.buildings import AREA_COLUMNS, areas_of, devices_of
from tenantry.demo_estate.catalogue import TYPES
from tenantry.demo_estate.customers import CUSTOMERS, PARTNER, Customer, Site
from tenantry.demo_estate.devices import COLUMNS, Maker, Spot

TYPE_COLUMNS = ("id", "key", "name", "kind", "manufacturer", "model", "commands", "properties")
ORGANIZATION_COLUMNS = ("id", "key", "name", "parent_id", "path")
LOCATION_COLUMNS = (
    "id", "code", "name", "organization_id", "address", "city", "country", "time_zone", "latitude", "longitude",
)  # fmt: skip
# Who the feed says did it.
ACTOR = "tenantry demo"
# How long the customers have been customers; their sites came later.
SINCE = timedelta(days=1_500)


@dataclass(frozen=True, slots=True)
class DemoEstate:
    """The tenants of the demonstration, as rows; `filled` is false where all of it was there already."""

    partner: RowMapping
    customers: tuple[RowMapping, ...]
    filled: bool


async def fill_demo(platform: Database, app: Database, clock: Clock) -> DemoEstate:
    """Make what is missing of the demonstration; a second time nothing is."""
    partner = await _tenant(platform, app, clock, PARTNER, PLATFORM_ID)
    tenants: list[RowMapping] = []
    filled = False
    for customer in CUSTOMERS:
        tenant = await _tenant(platform, app, clock, customer, partner["id"])
        tenants.append(tenant)
        filled |= await _fill_once(app, clock, tenant["id"], customer)
    return DemoEstate(partner, tuple(tenants), filled)


async def _tenant(
    platform: Database, app: Database, clock: Clock, customer: Customer, parent_id: uuid.UUID
) -> RowMapping:
    try:
        return await tenant_by_slug(platform, customer.slug)
    except Problem as problem:
        if not isinstance(problem.noun, NotFound):
            raise
    made = await create_tenant(platform, clock, customer.slug, customer.name, parent_id, **customer.fields)
    await record_created(app, clock, ACTOR, dict(made))
    return made


async def _fill_once(app: Database, clock: Clock, tenant_id: uuid.UUID, customer: Customer) -> bool:
    """Whether there was anything to do; a tenant left empty by a start that was stopped is filled."""
    async with app.write(tenant_id) as connection:
        any_location = select(Location.id).where(Location.tenant_id == tenant_id).limit(1)
        if (await connection.execute(any_location)).first():
            return False
        await gather(connection)
        await _Filling(connection, clock, tenant_id, customer).fill()
        changes = await tell(connection, clock, tenant_id, ACTOR)
        await record(connection, clock, tenant_id, ACTOR, changes=changes)
    return True


@dataclass(frozen=True, slots=True)
class _Filling:
    """One customer's estate on its way into the database."""

    connection: AsyncConnection
    clock: Clock
    tenant_id: uuid.UUID
    customer: Customer

    async def fill(self) -> None:
        """Types, organizations, and then site by site."""
        # The slug is the seed: a customer's estate does not depend on the others'.
        random = Random(self.customer.slug)  # noqa: S311  (no secret is made of it)
        types = {kind.key: self.clock.new_id() for kind in TYPES}
        rows = (
            (types[kind.key], kind.key, kind.name, kind.kind, kind.manufacturer, kind.model,
             json.dumps(kind.commands), json.dumps(kind.properties))
            for kind in TYPES
        )  # fmt: skip
        joined = self.clock.now() - SINCE
        await self._insert(entities.DEVICE_TYPE, TYPE_COLUMNS, rows, joined)
        organizations = {key: self.clock.new_id() for key, _name, _above in self.customer.organizations}
        paths: dict[str | None, list[uuid.UUID]] = {None: []}
        for key, _name, above in self.customer.organizations:
            paths[key] = [*paths[above], organizations[key]]
        named = (
            (organizations[key], key, name, organizations[above] if above else None, paths[key])
            for key, name, above in self.customer.organizations
        )
        await self._insert(entities.ORGANIZATION, ORGANIZATION_COLUMNS, named, joined)
        maker = Maker(self.clock, random, self.tenant_id, self.customer.fields["currency"], types)
        for site in self.customer.sites:
            await self._fill_site(site, organizations.get(site.organization or ""), maker)

    async def _fill_site(self, site: Site, organization_id: uuid.UUID | None, maker: Maker) -> None:
        location_id = self.clock.new_id()
        installed = self.clock.now() - timedelta(days=maker.random.randint(300, 1_400))
        location = (
            location_id, site.code, site.name, organization_id, site.address, site.city, site.country,
            site.time_zone, site.latitude, site.longitude,
        )  # fmt: skip
        await self._insert(entities.LOCATION, LOCATION_COLUMNS, [location], installed)
        areas = areas_of(site, self.clock)
        placed = ((*area.row(), location_id) for area in areas)
        await self._insert(entities.AREA, (*AREA_COLUMNS, "location_id"), placed, installed)
        at = Spot(location_id, organization_id, installed, None, site.name)
        await create_rows(self.connection, entities.DEVICE, COLUMNS, devices_of(site, at, areas, maker))

    async def _insert(
        self, entity: Entity, columns: Sequence[str], rows: Iterable[Sequence[Any]], made: datetime
    ) -> None:
        whole = ((*row, self.tenant_id, made, made) for row in rows)
        await create_rows(self.connection, entity, (*columns, "tenant_id", "created_at", "updated_at"), whole)
