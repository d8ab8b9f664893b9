"""What a dashboard reads: each type's fields, up and down the hierarchy."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

from auth.scopes import Scope
from models import PLATFORM_ID, Area, Device, ids
from models.ids import Prefix
from schema.graph import Graph
from schema.operation import OperationRequest
from tenantry.databases import Databases
from tests.ask import Ask, Outcome, caller_of
from tests.clock import HeldClock
from tests.estate import Estate, add, make_estate

READ = [scope for scope in Scope if scope.endswith(".read")]


async def test_one_query_goes_from_tenant_to_device(ask: Ask, acme: Estate) -> None:
    """Building, floor, room, device and its type, in one request."""
    outcome = await ask(
        acme,
        """{ tenant { name locations(first: 2) { nodes { name
             areas(first: 5, filter: {kind: {eq: FLOOR}}) { nodes { name
               children(first: 10) { nodes { name
                 devices { nodes { name type { key manufacturer } } } } } } } } } } }""",
        *READ,
    )
    device = {"name": "Front door reader", "type": {"key": "reader-2", "manufacturer": "Acme"}}
    room = {"name": "Room 101", "devices": {"nodes": [device]}}
    floor = {"name": "Floor 1", "children": {"nodes": [room]}}
    location = {"name": "Acme Headquarters", "areas": {"nodes": [floor]}}
    assert outcome.body == {"data": {"tenant": {"name": "Acme", "locations": {"nodes": [location]}}}}


async def test_one_query_goes_from_device_to_tenant(ask: Ask, acme: Estate) -> None:
    """Every edge leads back up."""
    outcome = await ask(
        acme,
        """query ($id: ID!) { node(id: $id) { ... on Device {
             area { parent { location { organization { tenant { slug } } } } }
             organization { key } parent { id } } } }""",
        *READ,
        id=ids.encode(Prefix.DEVICE, acme.device.id),
    )
    tenant = {"tenant": {"slug": acme.tenant.slug}}
    assert outcome.data["node"] == {
        "area": {"parent": {"location": {"organization": tenant}}},
        "organization": {"key": "west"},
        "parent": None,
    }


async def test_values_are_written_in_one_notation(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """DateTime in UTC with milliseconds and Z, decimals as strings, JSON as JSON, dates as days."""
    device = await add(
        databases,
        clock,
        Device,
        acme.tenant.id,
        serial="R-0002",
        name="Back door",
        type_id=acme.device_type.id,
        labels=["door", "secure"],
        reported={"battery": 0.5, "doors": [1, 2], "nothing": None},
        purchase_value=Decimal("129.90"),
        currency="EUR",
        warranty_ends_at=date(2027, 5, 31),
        last_seen_at=datetime(2026, 2, 28, 23, 59, 59, 999000, tzinfo=UTC),
    )
    outcome = await ask(
        acme,
        """query ($id: ID!) { node(id: $id) { ... on Device { labels reported desired purchaseValue currency
             warrantyEndsAt lastSeenAt createdAt version enabled status lifecycle firmware } } }""",
        *READ,
        id=ids.encode(Prefix.DEVICE, device.id),
    )
    assert outcome.data["node"] == {
        "labels": ["door", "secure"],
        "reported": {"battery": 0.5, "doors": [1, 2], "nothing": None},
        "desired": {},
        "purchaseValue": "129.90",
        "currency": "EUR",
        "warrantyEndsAt": "2027-05-31",
        "lastSeenAt": "2026-02-28T23:59:59.999Z",
        "createdAt": "2026-03-01T12:00:00.123Z",
        "version": 1,
        "enabled": True,
        "status": "UNKNOWN",
        "lifecycle": "AVAILABLE",
        "firmware": None,
    }


async def test_the_callers_own_tenant_needs_no_argument(ask: Ask, acme: Estate) -> None:
    """`tenant` is the tenant that the request acts in."""
    outcome = await ask(acme, "{ tenant { id uuid slug shortId status number } }", Scope.CONTEXT_READ)
    shown = outcome.data["tenant"]
    assert (shown["id"], shown["uuid"]) == (f"ten_{acme.tenant.id}", str(acme.tenant.id))
    assert (shown["slug"], shown["status"]) == (acme.tenant.slug, "ACTIVE")
    assert re.fullmatch(r"[A-Z]{4}-[A-Z]{4}-[A-Z]{4}", shown["shortId"])


async def test_a_neighbour_is_no_tenant_by_id_or_slug(ask: Ask, acme: Estate, globex: Estate) -> None:
    """What is out of reach is null."""
    outcome = await ask(
        acme,
        "query ($id: ID!, $slug: String!) { a: tenant(id: $id) { id } b: tenant(slug: $slug) { id } }",
        Scope.CONTEXT_READ,
        id=f"ten_{globex.tenant.id}",
        slug=globex.tenant.slug,
    )
    assert outcome.body == {"data": {"a": None, "b": None}}


async def test_an_id_and_a_slug_at_once_are_refused(ask: Ask, acme: Estate) -> None:
    """Two names might mean two tenants."""
    outcome = await ask(acme, '{ tenant(id: "ten_x", slug: "x") { id } }', Scope.CONTEXT_READ)
    assert outcome.codes == ["BAD_USER_INPUT"]


async def test_settings_ask_for_a_scope_of_their_own(ask: Ask, acme: Estate) -> None:
    """A field may ask for more than its type."""
    refused = await ask(acme, "{ tenant { settings } }", Scope.CONTEXT_READ)
    allowed = await ask(acme, "{ tenant { settings } }", Scope.CONTEXT_READ, Scope.SETTINGS_READ)
    assert refused.errors[0]["extensions"]["missing"] == [
        {"field": "Tenant.settings", "scopes": ["tenant.settings.read"]}
    ]
    assert allowed.data == {"tenant": {"settings": {}}}


async def test_a_partner_reads_its_customers_in_one_query(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate, globex: Estate
) -> None:
    """The customers' rows come each from a transaction of that customer; a neighbour is not among them."""
    customer = await make_estate(databases, clock, "customer", acme.tenant)
    outcome = await ask(
        acme,
        "{ tenants { nodes { slug parent { slug } locations { nodes { name } } devices { totalCount } } } }",
        *READ,
    )
    assert outcome.data["tenants"]["nodes"] == [
        {
            "slug": acme.tenant.slug,
            "parent": None,
            "locations": {"nodes": [{"name": "Acme Headquarters"}]},
            "devices": {"totalCount": 1},
        },
        {
            "slug": customer.tenant.slug,
            "parent": {"slug": acme.tenant.slug},
            "locations": {"nodes": [{"name": "Customer Headquarters"}]},
            "devices": {"totalCount": 1},
        },
    ]


async def test_a_customer_does_not_see_its_partner(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """Reach goes down, never up."""
    customer = await make_estate(databases, clock, "customer", acme.tenant)
    outcome = await ask(customer, "{ tenant { parent { id } } tenants { totalCount } }", Scope.CONTEXT_READ)
    assert outcome.data == {"tenant": {"parent": None}, "tenants": {"totalCount": 1}}


async def test_an_operator_reads_every_tenant(graph: Graph, clock: HeldClock, acme: Estate, globex: Estate) -> None:
    """The platform is the root of the tree of tenants."""
    platform = type(acme.tenant)(id=PLATFORM_ID, slug="platform", status="ACTIVE", path=[PLATFORM_ID])
    caller = caller_of(platform, clock, frozenset({Scope.PLATFORM_TENANTS_READ}))
    query = """query ($a: String!, $b: String!) {
      me { kind reach { kind } } a: tenant(slug: $a) { name } b: tenant(slug: $b) { name } }"""
    request = OperationRequest(query, {"a": acme.tenant.slug, "b": globex.tenant.slug})
    outcome = Outcome(await graph.run(request, caller, "r"))
    assert outcome.data == {
        "me": {"kind": "OPERATOR", "reach": [{"kind": "PLATFORM"}]},
        "a": {"name": "Acme"},
        "b": {"name": "Globex"},
    }


async def test_me_tells_the_callers_token_and_scopes(ask: Ask, acme: Estate) -> None:
    """Whoever holds a token may ask what it is good for; no scope is needed."""
    outcome = await ask(
        acme, "{ me { kind name scopes token { name expiresAt } reach { id kind } } }", Scope.AREAS_READ
    )
    assert outcome.data["me"] == {
        "kind": "SERVICE",
        "name": "a test",
        "scopes": ["tenant.areas.read"],
        "token": {"name": "a test", "expiresAt": "2026-03-02T12:00:00.123Z"},
        "reach": [{"id": f"ten_{acme.tenant.id}", "kind": "TENANT"}],
    }


async def test_ids_of_several_types_come_back_in_their_order(ask: Ask, acme: Estate) -> None:
    """Null stands where an id names nothing."""
    asked = [f"dev_{acme.device.id}", "nonsense", f"loc_{acme.location.id}", f"LOC_{acme.location.id}"]
    outcome = await ask(acme, "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }", *READ, ids=asked)
    assert outcome.data == {"nodes": [{"__typename": "Device"}, None, {"__typename": "Location"}, None]}


async def test_an_area_knows_its_floor_and_children(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """Areas form a tree inside their location."""
    door = await add(
        databases,
        clock,
        Area,
        acme.tenant.id,
        location_id=acme.location.id,
        parent_id=acme.area.id,
        code="door_101",
        name="Door 101",
        kind="DOOR",
    )
    outcome = await ask(
        acme,
        "query ($id: ID!) { node(id: $id) { ... on Area { kind floor parent { code children { nodes { id } } } } } }",
        *READ,
        id=ids.encode(Prefix.AREA, door.id),
    )
    room = {"code": "room_101", "children": {"nodes": [{"id": f"area_{door.id}"}]}}
    assert outcome.data == {"node": {"kind": "DOOR", "floor": None, "parent": room}}
