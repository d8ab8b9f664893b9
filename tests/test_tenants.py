"""Making, listing and finding tenants."""

from datetime import timedelta

import pytest

from models import PLATFORM_ID, TenantStatus
from models.tenant import short_id
from resolvers.problems import Conflict, Invalid, NotFound, Problem
from resolvers.tenants import create_tenant, list_tenants, tenant_by_slug
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.estate import Estate, make_tenant
from tests.sql import statements


@pytest.mark.parametrize(
    "slug",
    [
        "",
        "-",
        "a-",
        "-a",
        "Acme",
        "acme west",
        "acme_west",
        "acme.west",
        "acme\n",
        "caf\xe9",
        "a" * 64,
        "0190b5a2-7c3e-7d51-9f0e-1a2b3c4d5e6f",
        "0190b5a27c3e7d519f0e1a2b3c4d5e6f",
    ],
)
async def test_a_slug_that_could_not_stand_in_an_address_is_refused(
    databases: Databases, clock: HeldClock, slug: str
) -> None:
    """A slug is a DNS label, and never what an id looks like."""
    with statements() as sent, pytest.raises(Problem) as problem:
        await create_tenant(databases.platform, clock, slug, "Acme")
    assert isinstance(problem.value.noun, Invalid)
    assert problem.value.noun.field == "slug"
    assert sent == []


async def test_a_tenant_without_a_name_is_refused(databases: Databases, clock: HeldClock) -> None:
    """The problem names the field."""
    with pytest.raises(Problem) as problem:
        await create_tenant(databases.platform, clock, "nameless", " ")
    assert isinstance(problem.value.noun, Invalid)
    assert problem.value.noun.field == "name"


async def test_a_slug_is_taken_once(databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """Wherever in the tree the other tenant is, its slug is its own."""
    with pytest.raises(Problem) as problem:
        await create_tenant(databases.platform, clock, acme.tenant.slug, "Another")
    assert problem.value.noun == Conflict(
        f"There is a tenant with the slug {acme.tenant.slug!r} already: take another slug."
    )


async def test_a_tenant_is_not_put_beneath_one_that_is_not_there(databases: Databases, clock: HeldClock) -> None:
    """Unknown and deleted parents are not found."""
    deleted = await make_tenant(databases, clock, "deleted", status=TenantStatus.DELETED)
    for parent_id in (clock.new_id(), deleted.id):
        with pytest.raises(Problem) as problem:
            await create_tenant(databases.platform, clock, "orphan", "Orphan", parent_id)
        assert isinstance(problem.value.noun, NotFound)


async def test_an_unknown_or_deleted_slug_is_not_found(databases: Databases, clock: HeldClock) -> None:
    """Both are told alike."""
    deleted = await make_tenant(databases, clock, "deleted", status=TenantStatus.DELETED)
    for slug in ("nobody", deleted.slug):
        with pytest.raises(Problem) as problem:
            await tenant_by_slug(databases.platform, slug)
        assert problem.value.noun == NotFound(f"There is no tenant with the slug {slug!r}.")


async def test_a_tenant_lies_on_its_parents_path(databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """The path leads from the platform to the tenant itself, and the row is what the look-up finds."""
    slug = f"branch-{clock.new_id().hex[-12:]}"
    made = await create_tenant(databases.platform, clock, slug, "Branch", acme.tenant.id, city="Berkeley")
    assert made["path"] == [PLATFORM_ID, acme.tenant.id, made["id"]]
    assert made["parent_id"] == acme.tenant.id
    assert made["short_id"] == short_id(made["id"])
    assert (made["status"], made["version"], made["city"]) == ("ACTIVE", 1, "Berkeley")
    assert made["created_at"] == made["updated_at"] == clock.now()
    assert await tenant_by_slug(databases.platform, slug) == made


async def test_tenants_are_listed_as_a_tree(databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """The platform first, each tenant followed by those beneath it, and no deleted one."""
    first = await make_tenant(databases, clock, "first", acme.tenant)
    clock.advance(timedelta(seconds=1))
    second = await make_tenant(databases, clock, "second", acme.tenant)
    await make_tenant(databases, clock, "deleted", acme.tenant, status=TenantStatus.DELETED)
    beneath = await make_tenant(databases, clock, "beneath", first)
    listed = [row["slug"] for row in await list_tenants(databases.platform)]
    assert listed[0] == "platform"
    mine = [slug for slug in listed if slug in {one.slug for one in (acme.tenant, first, second, beneath)}]
    assert mine == [acme.tenant.slug, first.slug, beneath.slug, second.slug]
    assert not any(slug.startswith("deleted") for slug in listed)
