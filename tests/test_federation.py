"""Our subgraph among others: it composes, a gateway routes through it, and a bad reference harms itself alone."""

import uuid
from collections.abc import AsyncIterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from graphql import GraphQLObjectType, GraphQLSchema

from auth.requirement import AUTHENTICATED, PUBLIC, all_of, any_of
from auth.scopes import Scope
from loaders.entities import ENTITIES
from models import ids
from models.clock import SystemClock
from models.ids import Prefix
from schema.build import sdl
from schema.field import directives
from tenantry.databases import Databases
from tests.ask import Ask
from tests.estate import Estate
from tests.http import token_of
from tests.node_packages import installed, listening, output_of
from tests.postgres import Urls
from tests.serving import serving
from tests.sql import statements

TYPENAMES = "query ($of: [_Any!]!) { _entities(representations: $of) { __typename } }"
READS = tuple(scope for scope in Scope if scope.startswith("tenant.") and scope.endswith(".read"))
NAMES = "query ($of: [_Any!]!) { _entities(representations: $of) { ... on Device { name } ... on Area { name } } }"


def representation(entity_name: str, prefix: Prefix, id_: uuid.UUID) -> dict[str, str]:
    """How a gateway refers to a thing."""
    return {"__typename": entity_name, "id": ids.encode(prefix, id_)}


def device_of(estate: Estate) -> dict[str, str]:
    """The estate's device."""
    return representation("Device", Prefix.DEVICE, estate.device.id)


def own_things(estate: Estate) -> list[dict[str, str]]:
    """One of each type."""
    return [{"__typename": name, "id": id_} for name, id_ in estate.ids.items()]


async def test_a_hundred_representations_are_one_statement(ask: Ask, acme: Estate) -> None:
    """Whatever their mixture, where each of them names something."""
    own = own_things(acme)
    with statements() as sent:
        outcome = await ask(acme, TYPENAMES, *READS, of=[*islice(cycle(own), 100)])
    assert outcome.data["_entities"] == [{"__typename": each["__typename"]} for each in islice(cycle(own), 100)]
    assert len(sent) == 1, sent


async def test_representations_of_nothing_cost_a_statement_a_type(ask: Ask, acme: Estate) -> None:
    """Whatever their mixture, and however many they are: those that are there are answered."""
    own = own_things(acme)
    never = (representation(entity.name, entity.prefix, uuid.uuid4()) for entity in cycle(ENTITIES))
    of = [*own, *islice(never, 100 - len(own))]
    with statements() as sent:
        outcome = await ask(acme, TYPENAMES, *READS, of=of)
    found = outcome.data["_entities"]
    assert found[: len(own)] == [{"__typename": entity.name} for entity in ENTITIES]
    assert found[len(own) :] == [None] * (100 - len(own))
    assert len(outcome.errors) == 100 - len(own)
    assert len(sent) == 1 + len(ENTITIES), sent


async def test_a_bad_representation_is_an_error_for_itself_alone(ask: Ask, acme: Estate, globex: Estate) -> None:
    """Each is null with an error at its own place; those around it are answered."""
    bad: list[tuple[Any, str]] = [
        ({"__typename": "Nope", "id": "dev_x"}, "BAD_USER_INPUT"),
        ({"id": device_of(acme)["id"]}, "BAD_USER_INPUT"),
        ({"__typename": "Device"}, "BAD_USER_INPUT"),
        ({"__typename": "Device", "id": 7}, "BAD_USER_INPUT"),
        ({"__typename": ["Device"], "id": device_of(acme)["id"]}, "BAD_USER_INPUT"),
        ({"__typename": "DeviceConnection", "id": device_of(acme)["id"]}, "BAD_USER_INPUT"),
        ("Device", "BAD_USER_INPUT"),
        (7, "BAD_USER_INPUT"),
        ([], "BAD_USER_INPUT"),
        (device_of(globex), "NOT_FOUND"),
        ({"__typename": "Device", "id": "dev_nonsense"}, "NOT_FOUND"),
        ({"__typename": "Device", "id": ""}, "NOT_FOUND"),
        ({"__typename": "Area", "id": device_of(acme)["id"]}, "NOT_FOUND"),
    ]
    of = [each for broken, _ in bad for each in (broken, device_of(acme))]
    outcome = await ask(acme, NAMES, Scope.DEVICES_READ, Scope.AREAS_READ, of=of)
    assert outcome.status == 200
    assert outcome.data["_entities"] == [None, {"name": acme.device.name}] * len(bad)
    told = {tuple(error["path"]): error["extensions"]["code"] for error in outcome.errors}
    assert told == {("_entities", 2 * place): code for place, (_, code) in enumerate(bad)}


async def test_a_representation_may_be_written_in_the_document(ask: Ask, acme: Estate) -> None:
    """Gateways send variables; people who try it out do not."""
    literal = f'[{{__typename: "Device", id: "{device_of(acme)["id"]}"}}, {{__typename: "Nope", id: "x"}}]'
    query = f"{{ _entities(representations: {literal}) {{ ... on Device {{ name }} }} }}"
    outcome = await ask(acme, query, Scope.DEVICES_READ)
    assert outcome.data == {"_entities": [{"name": acme.device.name}, None]}


async def test_a_hundred_and_one_representations_are_refused(ask: Ask, acme: Estate) -> None:
    """As a whole, before anything is read."""
    with statements() as sent:
        outcome = await ask(acme, NAMES, Scope.DEVICES_READ, Scope.AREAS_READ, of=[device_of(acme)] * 101)
    assert (outcome.status, outcome.codes, outcome.data, sent) == (400, ["LIMIT_ENTITIES"], None, [])


async def test_a_missing_scope_nulls_only_the_representations_of_its_type(ask: Ask, acme: Estate) -> None:
    """A gateway that fetches two types at once still gets the one that the token may read."""
    area = representation("Area", Prefix.AREA, acme.area.id)
    query = "query ($of: [_Any!]!) { _entities(representations: $of) { ... on Device { name } } }"
    outcome = await ask(acme, query, Scope.DEVICES_READ, of=[area, device_of(acme)])
    assert outcome.data == {"_entities": [None, {"name": acme.device.name}]}
    [error] = outcome.errors
    assert (error["path"], error["extensions"]["missing"]) == (
        ["_entities", 0],
        [{"field": "Area", "scopes": ["tenant.areas.read"]}],
    )


def test_what_a_type_asks_stands_on_its_fields_for_gateways(built: GraphQLSchema) -> None:
    """All but `id`, which other subgraphs know too; a field that asks for more asks for both."""
    for entity in ENTITIES:
        type_ = built.type_map[entity.name]
        assert isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items():
            declared = field.extensions["declaration"]
            asked = type_.extensions["requirement"] & (declared.requirement or AUTHENTICATED)
            assert declared.directives == ([] if name == "id" else directives(asked)), f"{entity.name}.{name}"


def test_two_requirements_are_both_asked() -> None:
    """Each way to meet the one, with each way to meet the other."""
    a, b, c = Scope.AREAS_READ, Scope.DEVICES_READ, Scope.LOCATIONS_READ
    assert (any_of(a, b) & any_of(c)).choices == (frozenset({a, c}), frozenset({b, c}))
    assert any_of(a) & AUTHENTICATED == any_of(a)
    assert PUBLIC & all_of(a, b) == all_of(a, b)
    assert PUBLIC & AUTHENTICATED == AUTHENTICATED
    assert PUBLIC & PUBLIC == PUBLIC


@pytest.fixture(scope="module")
async def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of tests/node/federation, with its packages and our SDL."""
    folder = await installed("federation", tmp_path_factory.mktemp("node"))
    (folder / "tenantry.graphql").write_text(sdl())
    return folder


@pytest.mark.slow
async def test_our_schema_composes_with_another_subgraph(programs: Path) -> None:
    """Apollo's own composition finds no error and has no hint to give."""
    printed = await output_of("node", "judge.js", "tenantry.graphql", folder=programs)
    assert orjson.loads(printed.splitlines()[-1]) == {"errors": [], "hints": []}


@pytest.fixture
async def gateway(programs: Path, urls: Urls, acme: Estate) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway over our server and a subgraph with a ticket about acme's device."""
    async with (
        serving(urls) as served,
        listening(
            "node", "gateway.js", f"{served.base}/graphql", "tenantry.graphql", device_of(acme)["id"], folder=programs
        ) as address,
        httpx.AsyncClient(base_url=address, timeout=30) as client,
    ):
        yield client


async def routed(gateway: httpx.AsyncClient, query: str, token: str | None) -> dict[str, Any]:
    """What the gateway answers."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    answer: dict[str, Any] = (await gateway.post("", json={"query": query}, headers=headers)).json()
    return answer


@pytest.mark.slow
async def test_a_gateway_routes_there_and_back(gateway: httpx.AsyncClient, databases: Databases, acme: Estate) -> None:
    """From a ticket to our device, and from our devices to their tickets and back to us, in one query."""
    token = await token_of(databases, SystemClock(), acme, Scope.DEVICES_READ)
    query = """{
      tickets { summary device { serial } }
      devices { nodes { name tickets { summary device { serial lifecycle } } } }
    }"""
    ticket = {"summary": "The hinge squeaks", "device": {"serial": acme.device.serial}}
    back = {**ticket, "device": {"serial": acme.device.serial, "lifecycle": "DEPLOYED"}}
    assert await routed(gateway, query, token) == {
        "data": {"tickets": [ticket], "devices": {"nodes": [{"name": acme.device.name, "tickets": [back]}]}}
    }


@pytest.mark.slow
async def test_what_a_gateway_lets_through_is_refused_by_us(
    gateway: httpx.AsyncClient, databases: Databases, acme: Estate, globex: Estate
) -> None:
    """No token, one without the scope, and a neighbour's: the ticket stays readable, our device does not."""
    narrow = await token_of(databases, SystemClock(), acme, Scope.AREAS_READ)
    neighbours = await token_of(databases, SystemClock(), globex, Scope.DEVICES_READ)
    query = "{ tickets { summary device { serial } } }"
    for token, code in ((None, "UNAUTHENTICATED"), (narrow, "FORBIDDEN_SCOPE"), (neighbours, "NOT_FOUND")):
        answer = await routed(gateway, query, token)
        assert answer["data"] == {"tickets": [{"summary": "The hinge squeaks", "device": None}]}
        [error] = answer["errors"]
        assert (error["extensions"]["code"], error["extensions"]["serviceName"]) == (code, "tenantry")
    refused = await routed(gateway, "{ devices { nodes { tickets { id } } } }", narrow)
    assert refused["data"] is None
    assert refused["errors"][0]["extensions"]["missing"] == [
        {"field": "Query.devices", "scopes": ["tenant.devices.read"]}
    ]
