"""Tokens through the graph: who may make, change, read and end them, and that no secret stays anywhere."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from graphql import GraphQLSchema

from auth.authentication import BAD_TOKEN, Authenticator
from auth.principal import Principal
from auth.scopes import Scope
from auth.token import is_well_formed, mint
from models.hierarchy import Node, ReachKind
from models.ids import Prefix, encode
from schema.graph import Graph
from tenantry.databases import Databases
from tests.ask import Ask, caller_of
from tests.changing import EVERYTHING
from tests.clock import HeldClock
from tests.estate import Estate, make_estate
from tests.sql import statements
from tests.tokens import (
    CREATE,
    DAYS_90,
    LIST,
    NAMING,
    READ,
    REVOKE,
    REVOKE_OWN,
    ROTATE,
    ROTATE_OWN,
    TOKENS,
    UPDATE,
    VERIFY,
    ask_as,
    bound_to,
    change,
    created,
    document,
    listed,
    shows,
    with_token,
)

WRITE = frozenset({Scope.TOKENS_WRITE, Scope.TOKENS_READ, Scope.DEVICES_READ})
# What each mutation that names a token is asked for.
GIVEN: dict[str, dict[str, Any]] = {UPDATE: {"name": "new"}, ROTATE: {}, REVOKE: {}}
# The record with its values and the chain's new head; who follows the audit is woken by the commit.
RECORD = "WITH"


@pytest.fixture
def authenticator(databases: Databases, clock: HeldClock) -> Authenticator:
    """As a server makes it."""
    return Authenticator(databases.platform, clock)


@pytest.mark.parametrize("field", [CREATE, *NAMING])
async def test_a_change_of_tokens_asks_for_its_scope(ask: Ask, acme: Estate, field: str) -> None:
    """With every other scope of the vocabulary the whole operation is refused, and nothing changes."""
    made = (await created(ask, acme))["token"]
    given = {"name": "other", "scopes": [READ]} if field == CREATE else {"id": made["id"], **GIVEN[field]}
    others = set(Scope) - {Scope.TOKENS_WRITE}
    outcome = await ask(acme, document(field), *others, **{"in": given})
    assert (outcome.status, outcome.codes, outcome.data) == (403, ["FORBIDDEN_SCOPE"], None)
    missing = outcome.errors[0]["extensions"]["missing"]
    assert missing == [{"field": f"Mutation.{field}", "scopes": ["tenant.tokens.write"]}]
    assert await listed(ask, acme) == [made]


@pytest.mark.parametrize("query", [LIST, VERIFY])
async def test_reading_tokens_asks_for_its_scope(ask: Ask, acme: Estate, query: str) -> None:
    """To write tokens is not to read them."""
    outcome = await ask(acme, query, *(set(Scope) - {Scope.TOKENS_READ}), text="x")
    assert (outcome.status, outcome.codes, outcome.data) == (403, ["FORBIDDEN_SCOPE"], None)


@pytest.mark.parametrize("field", [CREATE, ROTATE])
async def test_the_token_of_an_answer_asks_for_the_scope_to_read(ask: Ask, acme: Estate, field: str) -> None:
    """Who may write and not read gets the secret, and is refused as a whole where it asks for the row."""
    made = (await created(ask, acme))["token"]
    given = {"name": "other", "scopes": [READ]} if field == CREATE else {"id": made["id"]}
    writes = (Scope.TOKENS_WRITE, Scope.DEVICES_READ)
    outcome = await ask(acme, document(field), *writes, **{"in": given})
    assert outcome.codes == ["FORBIDDEN_SCOPE"]
    outcome = await ask(acme, document(field, shows=False), *writes, **{"in": given})
    assert is_well_formed(outcome.data[field]["secret"])


@pytest.mark.parametrize("field", NAMING)
async def test_a_neighbours_token_is_as_missing_as_one_that_never_was(
    ask: Ask, acme: Estate, globex: Estate, field: str
) -> None:
    """The two answers are the same bytes, and the neighbour's token stays as it was."""
    theirs = (await created(ask, globex))["token"]
    answers = [
        (await ask(acme, document(field), *EVERYTHING, **{"in": {"id": each, **GIVEN[field]}})).answer
        for each in (theirs["id"], encode(Prefix.TOKEN, uuid.uuid4()), "nonsense", acme.ids["Location"], "\0")
    ]
    assert answers == answers[:1] * 5
    assert b'"NotFound"' in answers[0].body
    assert await listed(ask, globex) == [theirs]


async def test_a_list_shows_the_tenants_own_tokens_alone(ask: Ask, acme: Estate, globex: Estate) -> None:
    """A neighbour's of the same name is not among them."""
    await created(ask, globex)
    mine = await created(ask, acme)
    assert await listed(ask, acme) == [mine["token"]]


async def test_nobody_gives_a_scope_that_they_do_not_hold(ask: Ask, acme: Estate) -> None:
    """Each that is missing is named, and nothing is made."""
    given = {"name": "x", "scopes": ["tenant.devices.write", READ, "tenant.areas.read"]}
    outcome = await ask(acme, document(CREATE), *WRITE, **{"in": given})
    answered = outcome.data[CREATE]
    assert answered["__typename"] == "Forbidden"
    assert answered["missing"] == ["tenant.areas.read", "tenant.devices.write"]
    assert await listed(ask, acme) == []


async def test_nobody_is_given_the_secret_of_a_token_that_may_do_more(ask: Ask, acme: Estate) -> None:
    """To rotate it would be to take its scopes over; to revoke it is not."""
    strong = (await created(ask, acme, scopes=[READ, "tenant.devices.write"]))["token"]
    outcome = await ask(acme, document(ROTATE), *WRITE, **{"in": {"id": strong["id"]}})
    assert outcome.data[ROTATE]["__typename"] == "Forbidden"
    assert outcome.data[ROTATE]["missing"] == ["tenant.devices.write"]
    assert await listed(ask, acme) == [strong]
    outcome = await ask(acme, document(REVOKE), *WRITE, **{"in": {"id": strong["id"]}})
    assert outcome.data[REVOKE]["revokedAt"] is not None


@pytest.mark.parametrize("kind", ["Organization", "Location", "Area", "Device"])
async def test_a_token_is_bound_to_no_node_of_a_neighbour(
    ask: Ask, acme: Estate, globex: Estate, kind: str, clock: HeldClock
) -> None:
    """The answer is that for a node that never was; a device is none."""
    prefix = globex.ids[kind].partition("_")[0]
    answers = [
        (await ask(acme, document(CREATE), *EVERYTHING, **{"in": {"name": "x", "scopes": [READ], "node": each}})).answer
        for each in (globex.ids[kind], f"{prefix}_{clock.new_id()}")
    ]
    assert answers[0] == answers[1]
    assert b'"NotFound"' in answers[0].body
    assert await listed(ask, acme) == []


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (lambda estate: None, "Forbidden"),
        (lambda estate: encode(Prefix.TENANT, estate.tenant.id), "Forbidden"),
        (lambda estate: estate.ids["Location"], "NotFound"),
        (lambda estate: estate.ids["Organization"], "NotFound"),
        (lambda estate: encode(Prefix.AREA, estate.floor.id), "NotFound"),
        (lambda estate: estate.ids["Area"], "IssuedToken"),
    ],
)
async def test_a_new_token_reaches_no_further_than_its_maker(
    graph: Graph, acme: Estate, clock: HeldClock, node: Any, said: str
) -> None:
    """Of a maker who is bound to a room: the tenant is refused, what is around the room is not there."""
    room = Node(ReachKind.AREA, acme.area.id, acme.location.id)
    given = {"name": "x", "scopes": [READ], "node": node(acme)}
    outcome = await ask_as(graph, bound_to(acme, clock, room, WRITE), document(CREATE), **{"in": given})
    assert outcome.data[CREATE]["__typename"] == said, outcome.data


@pytest.mark.parametrize("field", NAMING)
async def test_who_is_bound_to_a_node_finds_only_tokens_beneath_it(
    graph: Graph, ask: Ask, acme: Estate, clock: HeldClock, field: str
) -> None:
    """A token of the whole tenant, or of another node, is one that never was: in lists, by id and by text."""
    whole = await created(ask, acme, "whole")
    inner = await created(ask, acme, "inner", node=acme.ids["Area"])
    floor = bound_to(acme, clock, Node(ReachKind.AREA, acme.floor.id, acme.location.id), WRITE)
    seen = await ask_as(graph, floor, LIST)
    assert [each["name"] for each in seen.data["tokens"]["nodes"]] == ["inner"]
    answers = [
        await ask_as(graph, floor, document(field), **{"in": {"id": each, **GIVEN[field]}})
        for each in (whole["token"]["id"], encode(Prefix.TOKEN, uuid.uuid4()), inner["token"]["id"])
    ]
    assert answers[0].answer == answers[1].answer
    assert answers[2].data[field]["__typename"] in {"Token", "IssuedToken"}
    unknown = [await ask_as(graph, floor, VERIFY, text=each) for each in (whole["secret"], mint().reveal())]
    assert unknown[0].answer == unknown[1].answer


@pytest.mark.parametrize(
    "wider",
    [
        lambda estate, end: {"scopes": [READ, "tenant.areas.read"]},
        lambda estate, end: {"node": None},
        lambda estate, end: {"node": estate.ids["Location"]},
        lambda estate, end: {"node": estate.ids["Organization"]},
        lambda estate, end: {"expiresAt": end},
        lambda estate, end: {"networks": []},
        lambda estate, end: {"networks": None},
        lambda estate, end: {"networks": ["192.0.2.0/23"]},
        lambda estate, end: {"networks": ["192.0.2.1", "198.51.100.1"]},
    ],
)
async def test_an_update_never_widens(ask: Ask, acme: Estate, clock: HeldClock, wider: Any) -> None:
    """Scopes, node, end and networks only ever become less."""
    floor = encode(Prefix.AREA, acme.floor.id)
    made = (await created(ask, acme, node=floor, networks=["192.0.2.0/24"]))["token"]
    later = (clock.now() + DAYS_90 + timedelta(seconds=1)).isoformat()
    answered = await change(ask, acme, UPDATE, id=made["id"], name="new", **wider(acme, later))
    assert answered["__typename"] == "Forbidden", answered
    assert answered["missing"] == []
    assert await listed(ask, acme) == [made]


async def test_an_update_narrows(ask: Ask, acme: Estate, clock: HeldClock) -> None:
    """All at once, and what is not named stays."""
    made = await created(ask, acme, scopes=[READ, "tenant.areas.read"], node=acme.ids["Organization"])
    narrower = {
        "scopes": [READ],
        "node": acme.ids["Area"],
        "expiresAt": (clock.now() + timedelta(days=1)).isoformat(),
        "networks": ["2001:db8::/32"],
    }
    answered = await change(ask, acme, UPDATE, id=made["token"]["id"], ifVersion=1, **narrower)
    assert answered["node"] == {"id": acme.ids["Area"], "kind": "AREA"}
    assert (answered["name"], answered["scopes"], answered["networks"]) == ("dashboard", [READ], ["2001:db8::/32"])
    assert (answered["expiresAt"], answered["version"]) == ("2026-03-02T12:00:00.123Z", 2)
    assert await listed(ask, acme) == [{name: answered[name] for name in made["token"]}]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"name": " "}, "name"),
        ({"name": "n" * 201}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["tenant.typo.read"]}, "scopes"),
        ({"scopes": ["tenant.*"]}, "scopes"),
        ({"scopes": ["platform.tenants.read"]}, "scopes"),
        ({"expiresIn": 0}, "expiresIn"),
        ({"expiresIn": -5}, "expiresIn"),
        ({"expiresIn": 365 * 86_400 + 1}, "expiresIn"),
        ({"expiresAt": "2026-03-01T12:00:00.123Z"}, "expiresAt"),
        ({"expiresAt": "2027-03-01T12:00:00.124Z"}, "expiresAt"),
        ({"expiresAt": "2026-03-02T12:00:00Z", "expiresIn": 60}, "expiresAt"),
        ({"networks": ["192.0.2.1/24"]}, "networks"),
        ({"networks": ["here"]}, "networks"),
        ({"networks": [f"192.0.2.{last}" for last in range(21)]}, "networks"),
        ({"clientMutationId": ""}, "clientMutationId"),
    ],
)
async def test_what_a_token_cannot_be_is_refused(ask: Ask, acme: Estate, given: Any, path: str) -> None:
    """With the field that is wrong; nothing is made."""
    answered = await change(ask, acme, CREATE, **{"name": "x", "scopes": [READ], **given})
    assert answered["__typename"] == "Invalid", answered
    assert [field["path"] for field in answered["fields"]] == [[path]]
    assert await listed(ask, acme) == []


async def test_everything_that_is_wrong_is_told_at_once(ask: Ask, acme: Estate) -> None:
    """Not one after the other."""
    answered = await change(ask, acme, CREATE, name="", scopes=[], expiresIn=0, networks=["x"])
    assert [field["path"] for field in answered["fields"]] == [["name"], ["scopes"], ["expiresIn"], ["networks"]]


async def test_a_new_token_is_what_was_asked_for(
    ask: Ask, acme: Estate, clock: HeldClock, authenticator: Authenticator
) -> None:
    """It ends after 90 days where nothing is said, and its secret is good at once."""
    made = await created(ask, acme, node=acme.ids["Location"])
    assert made["token"] == {
        "id": made["token"]["id"],
        "name": "dashboard",
        "scopes": [READ],
        "node": {"id": acme.ids["Location"], "kind": "LOCATION"},
        "networks": [],
        "createdAt": "2026-03-01T12:00:00.123Z",
        "updatedAt": "2026-03-01T12:00:00.123Z",
        "expiresAt": "2026-05-30T12:00:00.123Z",
        **dict.fromkeys(("revokedAt", "lastUsedAt", "lastUsedFrom", "overlapEndsAt")),
        "version": 1,
    }
    principal = await shows(authenticator, made["secret"])
    assert isinstance(principal, Principal)
    assert (principal.node, principal.expires_at) == (
        Node(ReachKind.LOCATION, acme.location.id),
        clock.now() + DAYS_90,
    )


@pytest.mark.parametrize("lives", [{"expiresIn": 31_536_000}, {"expiresAt": "2027-03-01T12:00:00.123Z"}])
async def test_a_token_lives_a_year_at_most(ask: Ask, acme: Estate, lives: Any) -> None:
    """To the very millisecond, said either way."""
    assert (await created(ask, acme, **lives))["token"]["expiresAt"] == "2027-03-01T12:00:00.123Z"


async def test_a_name_is_taken_once(ask: Ask, acme: Estate) -> None:
    """By a token that is not revoked: made or renamed to, the second one is a conflict."""
    made = (await created(ask, acme))["token"]
    other = (await created(ask, acme, "other"))["token"]
    again = await change(ask, acme, CREATE, name="dashboard", scopes=[READ])
    renamed = await change(ask, acme, UPDATE, id=other["id"], name="dashboard")
    assert (again["__typename"], renamed["__typename"]) == ("Conflict", "Conflict")
    await change(ask, acme, REVOKE, id=made["id"])
    assert (await change(ask, acme, UPDATE, id=other["id"], name="dashboard"))["__typename"] == "Token"


@pytest.mark.parametrize("field", NAMING)
async def test_a_stale_version_is_a_conflict(ask: Ask, acme: Estate, field: str) -> None:
    """With the version that the token is at."""
    made = (await created(ask, acme))["token"]
    answered = await change(ask, acme, field, id=made["id"], ifVersion=2, **GIVEN[field])
    assert (answered["__typename"], answered["currentVersion"]) == ("Conflict", 1)


async def test_a_revoked_token_is_over(ask: Ask, acme: Estate, clock: HeldClock, authenticator: Authenticator) -> None:
    """It is refused, stays in lists, cannot be changed or rotated, and to revoke it again changes nothing."""
    made = await created(ask, acme)
    token_id = made["token"]["id"]
    revoked = await change(ask, acme, REVOKE, id=token_id)
    assert (revoked["revokedAt"], revoked["version"]) == ("2026-03-01T12:00:00.123Z", 2)
    assert await shows(authenticator, made["secret"]) == BAD_TOKEN
    clock.advance(timedelta(hours=1))
    assert await change(ask, acme, REVOKE, id=token_id) == revoked
    for field in (UPDATE, ROTATE):
        assert (await change(ask, acme, field, id=token_id, **GIVEN[field]))["__typename"] == "Conflict"
    assert [each["id"] for each in await listed(ask, acme)] == [token_id]
    assert await listed(ask, acme, revokedAt={"isNull": True}) == []


async def test_an_expired_token_is_over(ask: Ask, acme: Estate, clock: HeldClock) -> None:
    """Neither a change nor a new secret brings it back."""
    made = (await created(ask, acme, expiresIn=1))["token"]
    clock.advance(timedelta(seconds=1))
    for field in (UPDATE, ROTATE):
        assert (await change(ask, acme, field, id=made["id"], **GIVEN[field]))["__typename"] == "Conflict"


async def test_a_caller_ends_its_own_token_without_a_scope(
    graph: Graph, ask: Ask, acme: Estate, clock: HeldClock, authenticator: Authenticator
) -> None:
    """Its bearer may always give it up."""
    made = await created(ask, acme)
    caller = with_token(acme, clock, made["token"]["id"], Scope.DEVICES_READ)
    outcome = await ask_as(graph, caller, document(REVOKE_OWN, shows=False), **{"in": {}})
    assert outcome.data == {REVOKE_OWN: {"__typename": "Token"}}
    assert await shows(authenticator, made["secret"]) == BAD_TOKEN


async def test_a_caller_who_acts_elsewhere_is_told_so(
    graph: Graph, ask: Ask, databases: Databases, acme: Estate, clock: HeldClock
) -> None:
    """The token is not in the tenant that a partner acts in."""
    made = await created(ask, acme)
    customer = await make_estate(databases, clock, "customer", acme.tenant)
    caller = with_token(acme, clock, made["token"]["id"], acting_in=customer.tenant)
    for field in (ROTATE_OWN, REVOKE_OWN):
        outcome = await ask_as(graph, caller, document(field, shows=False), **{"in": {}})
        assert outcome.data[field]["__typename"] == "Forbidden"
    assert await listed(ask, acme) == [made["token"]]


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        (CREATE, ["SELECT", "INSERT", "INSERT", RECORD]),
        (UPDATE, ["SELECT", "UPDATE", RECORD]),
        (ROTATE, ["SELECT", "UPDATE", "INSERT", RECORD]),
        (REVOKE, ["SELECT", "UPDATE", RECORD]),
    ],
)
async def test_what_a_change_costs(ask: Ask, acme: Estate, field: str, sent: list[str]) -> None:
    """The token or its node is locked, and what changes is written and recorded; there is no event."""
    made = (await created(ask, acme))["token"]
    new = {"name": "x", "scopes": [READ], "node": acme.ids["Area"]}
    with statements() as counted:
        await change(ask, acme, field, **(new if field == CREATE else {"id": made["id"], **GIVEN[field]}))
    assert [statement.split()[0] for statement in counted] == sent


async def test_a_partner_makes_tokens_in_its_customers_tenant(
    graph: Graph, databases: Databases, acme: Estate, clock: HeldClock, authenticator: Authenticator
) -> None:
    """The token is the customer's own."""
    customer = await make_estate(databases, clock, "customer", acme.tenant)
    partner = caller_of(acme.tenant, clock, frozenset(EVERYTHING), customer.tenant)
    outcome = await ask_as(graph, partner, document(CREATE), **{"in": {"name": "x", "scopes": [READ]}})
    principal = await shows(authenticator, outcome.data[CREATE]["secret"])
    assert isinstance(principal, Principal)
    assert principal.home.id == customer.tenant.id


def test_every_change_of_tokens_has_its_denials(built: GraphQLSchema) -> None:
    """A mutation of tokens that is added to the graph is added here."""
    assert built.mutation_type is not None
    assert {name for name in built.mutation_type.fields if name.endswith("Token")} == set(TOKENS)
