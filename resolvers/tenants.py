"""Tenants as the platform sees them: made, listed and found across the whole tree.

Runs as the platform's role, which may see every tenant and none of their data.
"""

import re
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, select, text
from sqlalchemy.dialects import postgresql

from auth.tenancy import SLUG
from models import PLATFORM_ID, Tenant, TenantStatus
from models.clock import Clock
from models.database import Database
from models.tenant import LIVING_TENANT, short_id
from resolvers.names import checked_name
from resolvers.problems import Conflict, Invalid, NotFound, Problem
from resolvers.writing.nouns import DEEPEST

UUID_SHAPED = re.compile(r"[0-9a-f]{32}")


async def create_tenant(
    platform: Database,
    clock: Clock,
    slug: str,
    name: str,
    parent_id: uuid.UUID = PLATFORM_ID,
    *,
    tenant_id: uuid.UUID | None = None,
    **fields: Any,
) -> RowMapping:
    """Make a tenant beneath another; `fields` are further columns, such as `city` or `currency`.

    `tenant_id` is for an import, which writes a new tenant's data before anybody can see the tenant.

    Raises:
        Problem: Invalid, Conflict (the slug is taken, or a sixth level), NotFound (the parent).
    """
    tenant_id, now = tenant_id or clock.new_id(), clock.now()
    checked_slug(slug)
    checked_name("name", name)
    async with platform.write(None) as connection:
        above = select(Tenant.path).where(Tenant.id == parent_id, Tenant.status != TenantStatus.DELETED)
        # Held, so that nothing is hung on a tenant that is going.
        path = (await connection.execute(above.with_for_update(read=True))).scalar_one_or_none()
        if path is None:
            raise Problem(NotFound("There is no such parent tenant."))
        check_depth(path)
        unless_taken = (
            postgresql.insert(Tenant)
            .values(
                id=tenant_id,
                short_id=short_id(tenant_id),
                slug=slug,
                name=name,
                parent_id=parent_id,
                path=[*path, tenant_id],
                created_at=now,
                updated_at=now,
                **fields,
            )
            .on_conflict_do_nothing(index_elements=[Tenant.slug], index_where=text(LIVING_TENANT))
            .returning(Tenant.__table__)
        )
        made: RowMapping | None = (await connection.execute(unless_taken)).mappings().one_or_none()
    if made is None:
        raise Problem(Conflict(f"There is a tenant with the slug {slug!r} already: take another slug."))
    return made


async def list_tenants(platform: Database) -> Sequence[RowMapping]:
    """Every tenant that is not deleted, each followed by those beneath it."""
    tree = select(Tenant.__table__).where(Tenant.status != TenantStatus.DELETED).order_by(Tenant.path)
    async with platform.read(None) as connection:
        return (await connection.execute(tree)).mappings().all()


async def tenant_by_slug(platform: Database, slug: str) -> RowMapping:
    """The tenant with this slug. Raises Problem (NotFound)."""
    named = select(Tenant.__table__).where(Tenant.slug == slug, Tenant.status != TenantStatus.DELETED)
    async with platform.read(None) as connection:
        found = (await connection.execute(named)).mappings().one_or_none()
    if found is None:
        raise Problem(NotFound(f"There is no tenant with the slug {slug!r}."))
    return found


async def deleted_tenant_by_slug(platform: Database, slug: str) -> RowMapping:
    """The tenant that had this slug when it was deleted, of several the last one. Raises Problem (NotFound)."""
    named = select(Tenant.__table__).where(Tenant.slug == slug, Tenant.status == TenantStatus.DELETED)
    async with platform.read(None) as connection:
        last = named.order_by(Tenant.deleted_at.desc().nulls_last(), Tenant.id.desc()).limit(1)
        found = (await connection.execute(last)).mappings().one_or_none()
    if found is None:
        raise Problem(NotFound(f"There is no tenant with the slug {slug!r}, nor was one deleted."))
    return found


def check_depth(path: Sequence[uuid.UUID]) -> None:
    """Refuse a sixth level beneath the tenant with this path. Raises Problem (Conflict)."""
    if len(path) >= DEEPEST:
        raise Problem(Conflict(f"The tenant would lie deeper than {DEEPEST} levels, the platform counted."))


def checked_slug(slug: str) -> str:
    """The slug as given. Raises Problem where it could not stand in an address, or looks like an id."""
    fault = slug_fault(slug)
    if fault is not None:
        raise Problem(Invalid("slug", f"A slug {fault}."))
    return slug


def slug_fault(slug: str) -> str | None:
    """What is wrong with a slug, or None."""
    if not SLUG.fullmatch(slug):
        return "has 1 to 63 lower-case letters, digits and hyphens, and neither begins nor ends with a hyphen"
    if UUID_SHAPED.fullmatch(slug.replace("-", "")):
        return "must not look like a UUID, which names a tenant by its id"
    return None
