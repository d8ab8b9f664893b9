"""Tenants deleted softly and brought back, in sets, with their estates as they were; nobody acts in a deleted one."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from auth.authentication import Authenticator
from auth.codes import Code, Refusal
from auth.principal import Caller
from auth.scopes import Scope
from auth.tenancy import TenantSelector
from models import TenantStatus
from models.ids import Prefix, encode
from tenantry.databases import Databases
from tests.ask import Ask
from tests.changing import EVERYTHING, Node, change, changed, events, everything
from tests.clock import HeldClock
from tests.estate import Estate, make_estate, make_tenant
from tests.http import token_of

HANGING = {"Area": 2, "Device": 1, "DeviceType": 1, "Location": 1, "Organization": 1}
SEEN = """query ($id: ID!, $slug: String!, $any: [_Any!]!) {
  tenants { totalCount } tenant { children { totalCount nodes { id } } }
  byId: tenant(id: $id) { id } bySlug: tenant(slug: $slug) { id } node(id: $id) { id }
  filtered: tenants(filter: {id: {eq: $id}}) { totalCount } _entities(representations: $any) { ... on Node { id } } }"""


@pytest.fixture
async def west(databases: Databases, clock: HeldClock, acme: Estate) -> Estate:
    """A customer of acme's, with one of each thing."""
    return await make_estate(databases, clock, "west", acme.tenant)


async def create(ask: Ask, estate: Estate, word: str, parent: str | None = None, slug: str | None = None) -> str:
    """The id of a new tenant beneath the estate's, or beneath `parent`."""
    given = {"slug": slug or f"{word}-{uuid.uuid4().hex[:16]}", "name": word.title(), "parentId": parent}
    made = await changed(ask, estate, "createTenant", **given)
    return str(made["id"])


async def seen(ask: Ask, acme: Estate, west: Estate) -> Any:
    """What the partner's lists count and what each door finds of its customer."""
    representation = {"__typename": "Tenant", "id": west.ids["Tenant"]}
    given = {"id": west.ids["Tenant"], "slug": west.tenant.slug, "any": [representation]}
    return (await ask(acme, SEEN, *EVERYTHING, **given)).data


async def statuses(ask: Ask, acme: Estate) -> dict[str, str]:
    """The status of each living tenant in acme's reach, by its name."""
    nodes = (await ask(acme, "{ tenants { nodes { name status } } }", *EVERYTHING)).data["tenants"]["nodes"]
    return {node["name"]: node["status"] for node in nodes}


def counted(answer: Node) -> dict[str, int]:
    """The counts of an answer, by type."""
    return {each["type"]: each["count"] for each in answer["counts"]}


async def test_a_tenant_that_is_not_empty_stays(ask: Ask, databases: Databases, acme: Estate, west: Estate) -> None:
    """The refusal counts its estate and the tenants beneath it, at any depth."""
    below = await create(ask, acme, "below", west.ids["Tenant"])
    await create(ask, acme, "deeper", below)
    before = await everything(databases, acme)
    for cascade in (None, False):
        refused = await change(ask, acme, "deleteTenant", id=west.ids["Tenant"], cascade=cascade)
        assert (refused["__typename"], counted(refused)) == ("NotEmpty", {**HANGING, "Tenant": 2})
    refused = await change(ask, acme, "deleteTenant", id=below)
    assert counted(refused) == {"Tenant": 1}
    assert await everything(databases, acme) == before


async def test_what_is_deleted_in_its_estate_does_not_keep_a_tenant(ask: Ask, acme: Estate, west: Estate) -> None:
    """Only the living are counted."""
    for noun in ("Location", "Organization", "DeviceType"):
        await changed(ask, west, f"delete{noun}", id=west.ids[noun], cascade=True)
    gone = await changed(ask, acme, "deleteTenant", id=west.ids["Tenant"])
    assert counted(gone) == {"Tenant": 1}


async def test_a_deleted_tenant_is_out_of_sight(ask: Ask, databases: Databases, acme: Estate, west: Estate) -> None:
    """In no list, no count, by no id and no slug; it cannot be changed; its estate stays as it was."""
    before, rows = await seen(ask, acme, west), await everything(databases, west)
    assert before["tenants"]["totalCount"] == 2
    gone = await changed(ask, acme, "deleteTenant", id=west.ids["Tenant"], cascade=True)
    assert (gone["id"], counted(gone)) == (west.ids["Tenant"], {"Tenant": 1})
    assert await seen(ask, acme, west) == {
        "tenants": {"totalCount": 1},
        "tenant": {"children": {"totalCount": 0, "nodes": []}},
        "byId": None,
        "bySlug": None,
        "node": None,
        "filtered": {"totalCount": 0},
        "_entities": [None],
    }
    for field in ("updateTenant", "suspendTenant", "deleteTenant"):
        assert (await change(ask, acme, field, id=west.ids["Tenant"]))["__typename"] == "NotFound"
    assert [(each["kind"], each["entity"]) for each in await events(databases, acme)] == [("DELETED", "Tenant")]
    await changed(ask, acme, "restoreTenant", id=west.ids["Tenant"])
    assert await seen(ask, acme, west) == before
    after = await everything(databases, west)
    assert {**after, "tenant": []} == {**rows, "tenant": []}
    [tenant] = after["tenant"]
    assert {**tenant, "version": 1} == rows["tenant"][0]


async def test_what_was_deleted_together_comes_back_as_it_was(ask: Ask, databases: Databases, acme: Estate) -> None:
    """A suspended tenant comes back suspended, one that was deleted before stays deleted."""
    top = await create(ask, acme, "top")
    paused, earlier = [await create(ask, acme, word, top) for word in ("paused", "earlier")]
    await create(ask, acme, "inner", paused)
    await changed(ask, acme, "suspendTenant", id=paused)
    await changed(ask, acme, "deleteTenant", id=earlier)
    before = await statuses(ask, acme)
    gone = await changed(ask, acme, "deleteTenant", id=top, cascade=True)
    assert counted(gone) == {"Tenant": 3}
    assert list(await statuses(ask, acme)) == ["Acme"]
    back = await changed(ask, acme, "restoreTenant", id=top)
    assert (back["id"], back["status"]) == (top, "ACTIVE")
    assert await statuses(ask, acme) == before == {
        "Acme": "ACTIVE", "Top": "ACTIVE", "Paused": "SUSPENDED", "Inner": "ACTIVE",
    }  # fmt: skip
    kinds = [each["kind"] for each in await events(databases, acme)][-6:]
    assert kinds == ["DELETED"] * 3 + ["RESTORED"] * 3
    await changed(ask, acme, "restoreTenant", id=earlier)


async def test_a_member_is_restored_by_its_root(ask: Ask, databases: Databases, acme: Estate) -> None:
    """The refusal names it."""
    top = await create(ask, acme, "top")
    member = await create(ask, acme, "member", top)
    await changed(ask, acme, "deleteTenant", id=top, cascade=True)
    before = await everything(databases, acme)
    refused = await change(ask, acme, "restoreTenant", id=member)
    assert (refused["__typename"], top in refused["message"]) == ("Conflict", True)
    assert await everything(databases, acme) == before


async def test_no_tenant_is_restored_beneath_a_deleted_one(ask: Ask, databases: Databases, acme: Estate) -> None:
    """The refusal names what must come back first; then it does come back."""
    top = await create(ask, acme, "top")
    member = await create(ask, acme, "member", top)
    for each in (member, top):
        await changed(ask, acme, "deleteTenant", id=each)
    before = await everything(databases, acme)
    refused = await change(ask, acme, "restoreTenant", id=member)
    assert (refused["__typename"], top in refused["message"]) == ("Conflict", True)
    assert await everything(databases, acme) == before
    for each in (top, member):
        await changed(ask, acme, "restoreTenant", id=each)


async def test_a_slug_that_was_taken_meanwhile_keeps_the_whole_set_away(
    ask: Ask, databases: Databases, acme: Estate
) -> None:
    """Nothing of it is restored; when the slug is free again, all of it is."""
    slug = f"member-{uuid.uuid4().hex[:16]}"
    top = await create(ask, acme, "top")
    await create(ask, acme, "member", top, slug)
    await changed(ask, acme, "deleteTenant", id=top, cascade=True)
    taker = await create(ask, acme, "taker", slug=slug)
    before = await everything(databases, acme)
    refused = await change(ask, acme, "restoreTenant", id=top)
    assert (refused["__typename"], "slug" in refused["message"]) == ("Conflict", True)
    assert await everything(databases, acme) == before
    await changed(ask, acme, "deleteTenant", id=taker)
    await changed(ask, acme, "restoreTenant", id=top)
    assert set(await statuses(ask, acme)) == {"Acme", "Top", "Member"}


async def test_a_tenant_that_was_deleted_by_hand_can_be_restored(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """An operator's statement of old set the status alone."""
    gone = await make_tenant(databases, clock, "gone", acme.tenant, status=TenantStatus.DELETED)
    assert await statuses(ask, acme) == {"Acme": "ACTIVE"}
    back = await changed(ask, acme, "restoreTenant", id=encode(Prefix.TENANT, gone.id))
    assert (back["name"], back["status"]) == ("Gone", "ACTIVE")


async def test_no_token_of_a_suspended_or_deleted_tenant_is_good(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate, west: Estate
) -> None:
    """Within five seconds; the partner still acts in a suspended one, nobody in a deleted one, until it is restored."""
    authenticator, selector = Authenticator(databases.platform, clock), TenantSelector(databases.app, clock)

    async def answer(estate: Estate) -> Code | None:
        token = tokens[estate.tenant.id]
        clock.advance(timedelta(seconds=6))
        headers = [(b"authorization", f"Bearer {token}".encode()), (b"x-tenant-id", west.tenant.slug.encode())]
        try:
            caller: Caller = await selector.select(await authenticator.authenticate(headers), headers)
        except Refusal as refusal:
            return refusal.code
        assert caller.tenant.id == west.tenant.id
        return None

    tokens = {each.tenant.id: await token_of(databases, clock, each, Scope.DEVICES_READ) for each in (acme, west)}
    for field, own, partner in (
        ("suspendTenant", Code.TENANT_SUSPENDED, None),
        ("restoreTenant", None, None),
        ("deleteTenant", Code.UNAUTHENTICATED, Code.TENANT_NOT_FOUND),
        ("restoreTenant", None, None),
    ):
        cascade = {"cascade": True} if field == "deleteTenant" else {}
        await changed(ask, acme, field, id=west.ids["Tenant"], **cascade)
        assert (await answer(west), await answer(acme)) == (own, partner), field


ORPHANS = """SELECT count(*) FROM tenant t JOIN tenant above ON above.id = t.parent_id
  WHERE t.status <> 'DELETED' AND above.status = 'DELETED'"""


@pytest.mark.parametrize("cascade", [False, True])
async def test_a_tenant_that_goes_while_another_comes_leaves_no_orphan(
    ask: Ask, databases: Databases, acme: Estate, *, cascade: bool
) -> None:
    """Twenty times at once: either the parent stays, or the child goes with it, or it is refused."""
    for turn in range(20):
        top = await create(ask, acme, "top")
        inner = await create(ask, acme, "inner", top) if cascade else top
        child = {"slug": f"child-{turn}-{uuid.uuid4().hex[:16]}", "name": "C", "parentId": inner}
        gone, come = await asyncio.gather(
            change(ask, acme, "deleteTenant", id=top, cascade=cascade), change(ask, acme, "createTenant", **child)
        )
        ends = {("Deletion", "NotFound"), ("Deletion", "Tenant") if cascade else ("NotEmpty", "Tenant")}
        assert (gone["__typename"], come["__typename"]) in ends
        async with databases.app.read(acme.tenant.id) as connection:
            assert (await connection.execute(text(ORPHANS))).scalar_one() == 0


async def test_a_tenant_that_goes_while_it_makes_another_leaves_no_orphan(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """The one that acts is held too, although it may not change itself."""
    for _turn in range(20):
        partner = await make_estate(databases, clock, "partner", acme.tenant)
        given = {"slug": f"child-{uuid.uuid4().hex[:16]}", "name": "C"}
        gone, come = await asyncio.gather(
            change(ask, acme, "deleteTenant", id=partner.ids["Tenant"], cascade=True),
            change(ask, partner, "createTenant", **given),
        )
        assert gone["__typename"] == "Deletion"
        assert come["__typename"] in {"Tenant", "NotFound"}
        async with databases.app.read(acme.tenant.id) as connection:
            assert (await connection.execute(text(ORPHANS))).scalar_one() == 0
