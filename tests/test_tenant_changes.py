"""Tenants are changed from above: strictly beneath the tenant that acts, by code and by row-level security alike."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from auth.scopes import Scope
from loaders.columns import camel_case
from models import PLATFORM_ID, Tenant
from models.ids import Prefix, decode, encode
from models.tenant import short_id
from resolvers.writing.tenants.noun import TENANT_NOUN
from schema.graph import Graph
from schema.operation import OperationRequest
from tenantry.databases import Databases
from tests.ask import Ask, Outcome, caller_of
from tests.changing import EVERYTHING, Node, change, changed, document, events, everything, input_type
from tests.clock import HeldClock
from tests.estate import Estate, make_estate
from tests.test_row_security import refused_to

NAMING: dict[str, Node] = {
    "updateTenant": {"name": "New"},
    "suspendTenant": {},
    "deleteTenant": {"cascade": True},
    "restoreTenant": {},
}
TOO_LONG = [{camel_case(each.name): "a" * (each.most + 1)} for each in TENANT_NOUN.fields if each.most]
every_change = pytest.mark.parametrize("field", NAMING)
As = Callable[..., Awaitable[Outcome]]


@pytest.fixture
async def west(databases: Databases, clock: HeldClock, acme: Estate) -> Estate:
    """A customer of acme's, with one of each thing."""
    return await make_estate(databases, clock, "west", acme.tenant)


@pytest.fixture
def ask_in(graph: Graph, clock: HeldClock) -> As:
    """Change a tenant as a token of one tenant that acts in another."""

    async def run(home: SimpleNamespace, acting_in: SimpleNamespace, field: str, given: Any) -> Outcome:
        caller = caller_of(home, clock, frozenset(EVERYTHING), acting_in)
        return Outcome(await graph.run(OperationRequest(document(field), {"in": given}), caller, "a-request"))

    return run


def fresh(word: str) -> str:
    """A slug that nobody has."""
    return f"{word}-{uuid.uuid4().hex[:16]}"


async def create(ask: Ask, estate: Estate, word: str, **given: Any) -> Node:
    """A tenant beneath the estate's, or beneath `parentId`."""
    return await changed(ask, estate, "createTenant", **{"slug": fresh(word), "name": word.title(), **given})


@every_change
async def test_a_tenant_above_or_beside_is_as_missing_as_one_that_never_was(
    ask: Ask, databases: Databases, acme: Estate, west: Estate, field: str
) -> None:
    """The platform, the partner and the partner's other customer answer in the same bytes, and nothing changes."""
    beside = (await create(ask, acme, "beside"))["id"]
    before = await everything(databases, acme)
    answers = {
        (await ask(west, document(field), *EVERYTHING, **{"in": {"id": id_, **NAMING[field]}})).answer.body
        for id_ in (
            encode(Prefix.TENANT, PLATFORM_ID),
            acme.ids["Tenant"],
            beside,
            encode(Prefix.TENANT, uuid.uuid4()),
        )
    }
    assert len(answers) == 1
    assert b'"NotFound"' in answers.pop()
    assert await everything(databases, acme) == before


async def test_no_tenant_is_made_beneath_one_above_or_beside(
    ask: Ask, databases: Databases, acme: Estate, west: Estate
) -> None:
    """Nor beneath one that was deleted, or a thing of another kind."""
    beside, gone = [(await create(ask, acme, word))["id"] for word in ("beside", "gone")]
    await changed(ask, acme, "deleteTenant", id=gone)
    before = await everything(databases, acme)
    for parent in (acme.ids["Tenant"], beside, gone, west.ids["Location"]):
        answered = await change(ask, west, "createTenant", slug=fresh("n"), name="N", parentId=parent)
        assert answered["__typename"] == "NotFound"
    answered = await change(ask, acme, "createTenant", slug=fresh("n"), name="N", parentId=gone)
    assert answered["__typename"] == "NotFound"
    assert await everything(databases, acme) == before


@every_change
async def test_nobody_changes_the_tenant_that_acts(ask: Ask, databases: Databases, acme: Estate, field: str) -> None:
    """Forbidden, and no scope would help."""
    before = await everything(databases, acme)
    answer = "{ __typename ... on Forbidden { message missing } }"
    query = f"mutation ($in: {input_type(field)}!) {{ {field}(input: $in) {answer} }}"
    outcome = await ask(acme, query, *EVERYTHING, **{"in": {"id": acme.ids["Tenant"], **NAMING[field]}})
    answered = outcome.data[field]
    assert (answered["__typename"], answered["missing"]) == ("Forbidden", [])
    assert "above" in answered["message"]
    assert await everything(databases, acme) == before


@every_change
async def test_who_acts_in_a_tenant_changes_what_is_beneath_that_one_alone(
    ask_in: As, databases: Databases, acme: Estate, west: Estate, field: str
) -> None:
    """A partner that acts in its customer reaches neither that customer nor itself."""
    before = await everything(databases, acme)
    for id_, problem in ((west.ids["Tenant"], "Forbidden"), (acme.ids["Tenant"], "NotFound")):
        outcome = await ask_in(acme.tenant, west.tenant, field, {"id": id_, **NAMING[field]})
        assert outcome.data[field]["__typename"] == problem
    assert await everything(databases, acme) == before


@pytest.mark.parametrize("scope", [Scope.TENANTS_WRITE, Scope.PLATFORM_TENANTS_WRITE])
async def test_either_scope_is_enough(ask: Ask, acme: Estate, west: Estate, scope: Scope) -> None:
    """A partner's and an operator's; what is read of the answer asks for its own."""
    given = {"id": west.ids["Tenant"], "name": "Renamed"}
    query = "mutation ($in: UpdateTenantInput!) { updateTenant(input: $in) { __typename } }"
    assert (await ask(acme, query, scope, **{"in": given})).data == {"updateTenant": {"__typename": "Tenant"}}
    assert (await ask(acme, document("updateTenant"), scope, **{"in": given})).codes == ["FORBIDDEN_SCOPE"]


async def test_an_operator_changes_any_tenant_but_the_platform(
    ask_in: As, databases: Databases, acme: Estate, west: Estate
) -> None:
    """Told in the feed of the tenant that is acted in: the platform's own, or the partner's."""
    platform = SimpleNamespace(id=PLATFORM_ID, slug="platform", status="ACTIVE", path=[PLATFORM_ID])
    for acting_in, target, told in (
        (platform, acme.ids["Tenant"], []),
        (platform, west.ids["Tenant"], []),
        (acme.tenant, west.ids["Tenant"], ["OPERATOR", "OPERATOR"]),
    ):
        for field, status in (("suspendTenant", "SUSPENDED"), ("restoreTenant", "ACTIVE")):
            outcome = await ask_in(platform, acting_in, field, {"id": target})
            assert outcome.data[field]["status"] == status
        assert [each["actor_kind"] for each in await events(databases, acme)] == told
    outcome = await ask_in(platform, platform, "suspendTenant", {"id": encode(Prefix.TENANT, PLATFORM_ID)})
    assert outcome.data["suspendTenant"]["__typename"] == "Forbidden"


MAKE = """INSERT INTO tenant (id, short_id, slug, name, parent_id, path, created_at, updated_at)
  VALUES ('{id}', '{short}', '{short}', 'N', '{parent}', ARRAY[{path}]::uuid[], now(), now())"""


async def test_row_level_security_alone_refuses_a_new_tenant_out_of_reach(
    databases: Databases, acme: Estate, globex: Estate
) -> None:
    """Beside the tenant that acts, beneath a neighbour, on a path that is not the parent's: whatever code forgets."""
    made, own, theirs = uuid.uuid4(), acme.tenant.id, globex.tenant.id
    paths = ([PLATFORM_ID, theirs], [PLATFORM_ID], [PLATFORM_ID, own, theirs], [theirs, own], [own], [own, PLATFORM_ID])
    for above in paths:
        path = ", ".join(f"'{each}'" for each in (*above, made))
        await refused_to(
            databases.app, acme, MAKE.format(id=made, short=short_id(made).lower(), parent=above[-1], path=path)
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tenant SET status = 'ACTIVE' WHERE id = '{own}'",
        "UPDATE tenant SET path = ARRAY['{platform}', '{west}']::uuid[], parent_id = '{platform}' WHERE id = '{west}'",
        "UPDATE tenant SET path = ARRAY['{own}', '{globex}', id]::uuid[], parent_id = '{globex}' WHERE id = '{west}'",
        "UPDATE tenant SET id = '{own}' WHERE id = '{west}'",
        "DELETE FROM tenant WHERE id = '{west}'",
    ],
)
async def test_row_level_security_alone_refuses_a_change_out_of_reach(
    databases: Databases, acme: Estate, globex: Estate, west: Estate, statement: str
) -> None:
    """A tenant changes nothing of itself, lets nobody go, takes nobody's place, and deletes no row."""
    named = {"own": acme.tenant.id, "globex": globex.tenant.id, "west": west.tenant.id, "platform": PLATFORM_ID}
    await refused_to(databases.app, acme, statement.format(**named))


async def test_row_level_security_alone_hides_a_neighbour_from_changes(
    databases: Databases, acme: Estate, globex: Estate, west: Estate
) -> None:
    """A neighbour, and the tenant above, are no rows to change; nor is there any without a tenant."""
    for acting, target in ((acme.tenant.id, globex), (west.tenant.id, acme), (None, acme)):
        async with databases.app.write(acting) as connection:
            statement = text("UPDATE tenant SET name = 'x' WHERE id = :id")
            assert (await connection.execute(statement, {"id": target.tenant.id})).rowcount == 0


async def test_a_path_ends_in_its_parent_and_itself(databases: Databases, acme: Estate, west: Estate) -> None:
    """The table holds it, so that no tenant is listed in one place and reached in another."""
    for path in ([], [*acme.tenant.path], [*west.tenant.path, west.tenant.id], [PLATFORM_ID, west.tenant.id]):
        moved = update(Tenant).where(Tenant.id == west.tenant.id).values(path=path)
        with pytest.raises(IntegrityError, match="tenant_path_check"):
            async with databases.platform.write(None) as connection:
                await connection.execute(moved)


async def test_a_tenant_is_made_beneath_the_one_that_acts(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """With what was given, on its parent's path, and told in the feed of the tenant that acts."""
    slug = fresh("branch")
    branding = {"logoUrl": "https://example.com/logo.svg", "accentColor": "#1a7F37"}
    made = await changed(ask, acme, "createTenant", slug=slug, name="Branch", city="Bergen", currency="NOK", **branding)
    assert made == {
        **made, "slug": slug, "name": "Branch", "city": "Bergen", "currency": "NOK", "branding": branding,
        "status": "ACTIVE", "version": 1, "parent": {"id": acme.ids["Tenant"]},
    }  # fmt: skip
    [row] = [each for each in (await everything(databases, acme))["tenant"] if each["slug"] == slug]
    assert row["path"] == [*acme.tenant.path, row["id"]]
    assert (row["short_id"], row["settings"], row["created_at"]) == (short_id(row["id"]), {}, clock.now())
    [told] = await events(databases, acme)
    assert (told["kind"], told["entity"], told["entity_id"]) == ("CREATED", "Tenant", row["id"])
    assert told["changed"] == sorted(["slug", "name", "city", "currency", "logo_url", "accent_color", "parent_id"])


async def test_tenants_lie_five_levels_deep(ask: Ask, acme: Estate) -> None:
    """The platform is the first, so acme is the second; a sixth level is a Conflict."""
    at = acme.ids["Tenant"]
    for _level in range(3):
        at = (await create(ask, acme, "deeper", parentId=at))["id"]
    refused = await change(ask, acme, "createTenant", slug=fresh("deep"), name="Deep", parentId=at)
    assert (refused["__typename"], "5 levels" in refused["message"]) == ("Conflict", True)


async def test_a_slug_is_unique_among_the_living(ask: Ask, acme: Estate, west: Estate) -> None:
    """A living tenant keeps its slug from others; a deleted one leaves it to them."""
    for given in (
        {"field": "createTenant", "slug": west.tenant.slug, "name": "N"},
        {"field": "updateTenant", "id": (await create(ask, acme, "other"))["id"], "slug": west.tenant.slug},
    ):
        refused = await change(ask, acme, **given)
        assert refused["message"] == "The slug is taken by another tenant."
    await changed(ask, acme, "deleteTenant", id=west.ids["Tenant"], cascade=True)
    assert (await create(ask, acme, "west", slug=west.tenant.slug))["slug"] == west.tenant.slug


@pytest.mark.parametrize(
    "given",
    [
        {"slug": "Not A Slug"},
        {"slug": "0190b5a2-7c3e-7d51-9f0e-1a2b3c4d5e6f"},
        {"slug": "a-"},
        {"name": " "},
        {"email": "nobody"},
        {"currency": "nok"},
        {"logoUrl": "javascript:alert(1)"},
        {"accentColor": "red"},
        {"city": "a\x07b"},
        *TOO_LONG,
    ],
    ids=lambda given: "-".join(f"{name}={value[:12]!r}" for name, value in given.items()),
)  # fmt: skip
async def test_a_value_that_is_refused_is_named(
    ask: Ask, databases: Databases, acme: Estate, west: Estate, given: dict[str, str]
) -> None:
    """Creating and updating refuse it alike, and nothing changes."""
    before = await everything(databases, acme)
    for field, named in (
        ("createTenant", {"slug": fresh("n"), "name": "N"}),
        ("updateTenant", {"id": west.ids["Tenant"]}),
    ):
        refused = await change(ask, acme, field, **{**named, **given})
        assert refused["__typename"] == "Invalid"
        assert [each["path"] for each in refused["fields"]] == [list(given)]
    assert await everything(databases, acme) == before


async def test_fifty_requests_under_one_key_make_one_tenant(ask: Ask, databases: Databases, acme: Estate) -> None:
    """All get the same answer, and one event is told."""
    given = {"slug": fresh("once"), "name": "Once", "clientMutationId": "once"}
    answers = await asyncio.gather(*(changed(ask, acme, "createTenant", **given) for _ in range(50)))
    assert all(each == answers[0] for each in answers)
    assert len((await everything(databases, acme))["tenant"]) == 2
    assert len(await events(databases, acme)) == 1


async def test_null_clears_and_what_is_not_named_stays(
    ask: Ask, databases: Databases, acme: Estate, west: Estate
) -> None:
    """The version goes up once, the event names what changed; what cannot be empty is refused."""
    id_ = west.ids["Tenant"]
    await changed(ask, acme, "updateTenant", id=id_, city="Bergen", country="Norway", email="a@example.com")
    after = await changed(ask, acme, "updateTenant", id=id_, city=None, country="Norway", name="Westward")
    assert (after["city"], after["country"], after["email"]) == (None, "Norway", "a@example.com")
    assert (after["version"], after["slug"], after["name"]) == (3, west.tenant.slug, "Westward")
    told = await events(databases, acme)
    assert [(each["kind"], each["changed"]) for each in told] == [
        ("UPDATED", ["city", "country", "email"]), ("UPDATED", ["city", "name"]),
    ]  # fmt: skip
    assert await events(databases, west) == []
    for name in ("slug", "name", "currency"):
        assert (await change(ask, acme, "updateTenant", id=id_, **{name: None}))["__typename"] == "Invalid"


async def test_a_change_to_the_same_is_none(ask: Ask, databases: Databases, acme: Estate, west: Estate) -> None:
    """No version, no event."""
    await changed(ask, acme, "suspendTenant", id=west.ids["Tenant"])
    before = await everything(databases, acme)
    await changed(ask, acme, "updateTenant", id=west.ids["Tenant"], name=west.tenant.name)
    await changed(ask, acme, "suspendTenant", id=west.ids["Tenant"])
    assert await everything(databases, acme) == before


async def test_of_twenty_changes_at_one_version_one_wins(
    ask: Ask, databases: Databases, acme: Estate, west: Estate
) -> None:
    """The others are told the version that the tenant is at."""
    given = {"id": west.ids["Tenant"], "ifVersion": 1}
    answers = await asyncio.gather(*(change(ask, acme, "updateTenant", **given, name=f"N{at}") for at in range(20)))
    lost = [each for each in answers if each["__typename"] == "Conflict"]
    assert (len(lost), {each["currentVersion"] for each in lost}) == (19, {2})
    assert len(await events(databases, acme)) == 1
    for field in ("suspendTenant", "deleteTenant"):
        assert (await change(ask, acme, field, **given))["currentVersion"] == 2


async def test_a_suspended_tenant_is_there_and_can_be_acted_in_from_above(
    ask: Ask, ask_in: As, acme: Estate, west: Estate
) -> None:
    """It is listed with its status; somebody has to put it in order."""
    after = await changed(ask, acme, "suspendTenant", id=west.ids["Tenant"])
    assert (after["status"], after["version"]) == ("SUSPENDED", 2)
    beneath = await ask_in(acme.tenant, west.tenant, "createTenant", {"slug": fresh("n"), "name": "N"})
    assert beneath.data["createTenant"]["__typename"] == "Tenant"
    back = await changed(ask, acme, "restoreTenant", id=west.ids["Tenant"])
    assert (back["status"], back["version"]) == ("ACTIVE", 3)
    again = await change(ask, acme, "restoreTenant", id=west.ids["Tenant"])
    assert again["__typename"] == "Conflict"


@pytest.mark.parametrize("field", ["createTenant", *NAMING])
async def test_a_repeated_change_is_answered_as_the_first_time(
    ask: Ask, databases: Databases, acme: Estate, west: Estate, field: str
) -> None:
    """The same bytes, also where running it again would be refused, and nothing changes."""
    if field == "restoreTenant":
        await changed(ask, acme, "deleteTenant", id=west.ids["Tenant"], cascade=True)
    given = {"id": west.ids["Tenant"], **NAMING[field]} if field in NAMING else {"slug": fresh("n"), "name": "N"}
    variables = {"in": {**given, "clientMutationId": "once"}}
    first = await ask(acme, document(field), *EVERYTHING, **variables)
    assert "message" not in first.data[field]
    after = await everything(databases, acme)
    assert (await ask(acme, document(field), *EVERYTHING, **variables)).answer == first.answer
    assert await everything(databases, acme) == after
    assert decode(first.data[field]["id"])
