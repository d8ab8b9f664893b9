"""A change that is sent again under its own key: done once, answered as the first time, for a day."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from schema.graph import Graph
from schema.operation import OperationRequest
from tenantry.databases import Databases
from tests.ask import Ask, Outcome, caller_of
from tests.changing import EVERYTHING, change, changed, create_device, document, events, everything, selection
from tests.clock import HeldClock
from tests.estate import Estate
from tests.http import GRAPHQL, client_of, code, token_of

Send = Callable[..., Awaitable[Outcome]]
KEYS = ["R-2", "R-3"]


@pytest.fixture
def send(graph: Graph, clock: HeldClock) -> Send:
    """Send a request under a header's key, as one token or another."""

    async def run(estate: Estate, query: str, variables: dict[str, Any], key: str | None, token: int = 1) -> Outcome:
        caller = caller_of(estate.tenant, clock, frozenset(EVERYTHING))
        caller = replace(caller, principal=replace(caller.principal, token_id=uuid.UUID(int=token)))
        return Outcome(await graph.run(OperationRequest(query, variables, idempotency_key=key), caller, "a-request"))

    return run


def device(acme: Estate, serial: str = "R-2", **given: Any) -> dict[str, Any]:
    """A device to create, with values of every kind."""
    return {
        "serial": serial,
        "name": serial,
        "typeId": acme.ids["DeviceType"],
        "place": {"areaId": acme.ids["Area"]},
        "purchaseValue": "129.90",
        "warrantyEndsAt": "2028-02-29",
        "desired": {"b": 1, "a": [True, None, 1.5]},
        **given,
    }


async def serials(ask: Ask, acme: Estate) -> list[str]:
    """The tenant's devices."""
    nodes = (await ask(acme, "{ devices(first: 100) { nodes { serial } } }", *EVERYTHING)).data["devices"]["nodes"]
    return sorted(node["serial"] for node in nodes)


@pytest.mark.parametrize("field", ["createDevice", "updateDevice", "moveDevice", "deleteDevice", "restoreDevice"])
async def test_a_repeated_change_is_answered_as_the_first_time(
    ask: Ask, databases: Databases, acme: Estate, field: str
) -> None:
    """The same bytes; one row, one event, also where running it again would be refused."""
    if field == "restoreDevice":
        await changed(ask, acme, "deleteDevice", id=acme.ids["Device"])
    given = {
        "createDevice": device(acme),
        "updateDevice": {"id": acme.ids["Device"], "ifVersion": 1, "name": "Renamed", "purchaseValue": "1.50"},
        "moveDevice": {"id": acme.ids["Device"], "ifVersion": 1, "to": {"none": True}},
    }.get(field, {"id": acme.ids["Device"]})
    variables = {"in": {**given, "clientMutationId": "once"}}
    first = await ask(acme, document(field), *EVERYTHING, **variables)
    assert "message" not in first.data[field]
    after = await everything(databases, acme)
    for _ in range(3):
        assert (await ask(acme, document(field), *EVERYTHING, **variables)).answer == first.answer
    assert await everything(databases, acme) == after


async def test_a_key_with_another_input_is_a_conflict(ask: Ask, databases: Databases, acme: Estate) -> None:
    """Whatever differs; another kind of change has keys of its own."""
    await changed(ask, acme, "createDevice", **device(acme), clientMutationId="once")
    before = await everything(databases, acme)
    others: list[dict[str, Any]] = [
        {"name": "Other"},
        {"desired": {}},
        {"firmware": "1"},
        {"place": {"locationId": "loc_x"}},
    ]
    for other in others:
        refused = await change(ask, acme, "createDevice", **device(acme, **other), clientMutationId="once")
        assert (refused["__typename"], refused["currentVersion"]) == ("Conflict", None)
    assert await everything(databases, acme) == before
    await changed(ask, acme, "updateDevice", id=acme.ids["Device"], name="Renamed", clientMutationId="once")


async def test_fifty_at_once_make_one_row(ask: Ask, databases: Databases, acme: Estate) -> None:
    """All get the answer of the one that worked."""
    variables = {"in": device(acme, clientMutationId="once")}
    answers = await asyncio.gather(*(ask(acme, document("createDevice"), *EVERYTHING, **variables) for _ in range(50)))
    assert {outcome.data["createDevice"]["__typename"] for outcome in answers} == {"Device"}
    assert len({outcome.answer.body for outcome in answers}) == 1
    assert await serials(ask, acme) == ["R-0001", "R-2"]
    assert len(await events(databases, acme)) == 1


async def test_a_day_later_the_key_is_new(ask: Ask, clock: HeldClock, acme: Estate) -> None:
    """To the last second it is known; then the change runs anew."""
    given = {"id": acme.ids["Device"], "name": "Renamed", "clientMutationId": "once"}
    assert (await changed(ask, acme, "updateDevice", **given))["version"] == 2
    await changed(ask, acme, "updateDevice", id=acme.ids["Device"], name="Between")
    clock.advance(timedelta(hours=24, seconds=-1))
    assert (await changed(ask, acme, "updateDevice", **given))["version"] == 2
    clock.advance(timedelta(seconds=1))
    assert (await changed(ask, acme, "updateDevice", **given))["version"] == 4


async def test_a_refused_change_does_not_use_its_key_up(ask: Ask, acme: Estate) -> None:
    """Nothing ran; the mended input may take the same key."""
    refused = await change(ask, acme, "createDevice", **device(acme, name=""), clientMutationId="once")
    assert refused["__typename"] == "Invalid"
    await changed(ask, acme, "createDevice", **device(acme), clientMutationId="once")


async def test_another_tokens_key_is_another(send: Send, ask: Ask, acme: Estate, globex: Estate) -> None:
    """As is another tenant's: nobody gets an answer that was given to someone else."""
    for token, serial in enumerate(KEYS, 1):
        outcome = await send(acme, document("createDevice"), {"in": device(acme, serial)}, "once", token)
        assert outcome.data["createDevice"]["serial"] == serial
    await send(globex, document("createDevice"), {"in": device(globex)}, "once")
    assert await serials(ask, globex) == ["R-0001", "R-2"]


@pytest.mark.parametrize("key", ["", "x" * 129, "a\0b", "a\nb"])
async def test_a_key_is_a_short_printable_text(ask: Ask, databases: Databases, acme: Estate, key: str) -> None:
    """Others are Invalid, by their place in the input."""
    before = await everything(databases, acme)
    refused = await change(ask, acme, "createDevice", **device(acme), clientMutationId=key)
    assert [field["path"] for field in refused["fields"]] == [["clientMutationId"]]
    assert await everything(databases, acme) == before
    await changed(ask, acme, "createDevice", **device(acme), clientMutationId="ø" * 128)


async def test_a_headers_key_is_one_for_each_field(send: Send, ask: Ask, databases: Databases, acme: Estate) -> None:
    """Two fields of one request are two changes, and each is repeated as itself."""
    query = f"""mutation ($a: CreateDeviceInput!, $b: CreateDeviceInput!) {{
      a: createDevice(input: $a) {selection("createDevice")}
      b: createDevice(input: $b) {selection("createDevice")} }}"""
    variables = {alias: device(acme, serial) for alias, serial in zip("ab", KEYS, strict=True)}
    first = await send(acme, query, variables, "k" * 128)
    assert [first.data[alias]["serial"] for alias in "ab"] == KEYS
    assert (await send(acme, query, variables, "k" * 128)).answer == first.answer
    assert await serials(ask, acme) == ["R-0001", *KEYS]
    assert len(await events(databases, acme)) == 2


async def test_a_change_without_a_key_is_not_remembered(send: Send, acme: Estate) -> None:
    """The second one runs, and meets the first one's row."""
    kinds = [
        (await send(acme, document("createDevice"), {"in": device(acme)}, None)).data["createDevice"]["__typename"]
        for _ in range(2)
    ]
    assert kinds == ["Device", "Conflict"]


async def test_the_header_is_read_over_http(
    databases: Databases, graph: Graph, clock: HeldClock, ask: Ask, acme: Estate
) -> None:
    """The same bytes twice, one row."""
    body = {"query": document("createDevice"), "variables": {"in": device(acme)}}
    async with client_of(databases, graph, clock, await token_of(databases, clock, acme, *EVERYTHING)) as client:
        first, second = [
            await client.post("/graphql", json=body, headers={"idempotency-key": " a-key~! "}) for _ in range(2)
        ]
    assert (first.status_code, first.json()["data"]["createDevice"]["serial"]) == (200, "R-2")
    assert second.content == first.content
    assert await serials(ask, acme) == ["R-0001", "R-2"]


@pytest.mark.parametrize(
    "values",
    [["a", "b"], ["a", "a"], [""], [" "], ["x" * 129], ["a b"], ["ø"]],
    ids=["two", "twice", "empty", "blank", "too long", "two words", "not ASCII"],
)
async def test_a_doubtful_header_is_refused(
    databases: Databases, graph: Graph, clock: HeldClock, acme: Estate, values: list[str]
) -> None:
    """Before anything runs."""
    before = await everything(databases, acme)
    body = {"query": document("createDevice"), "variables": {"in": device(acme)}}
    headers = [(b"idempotency-key", value.encode()) for value in values]
    async with client_of(databases, graph, clock, await token_of(databases, clock, acme, *EVERYTHING)) as client:
        response = await client.post("/graphql", json=body, headers=[*headers, (b"accept", GRAPHQL.encode())])
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    assert await everything(databases, acme) == before


async def test_a_link_changes_nothing(databases: Databases, graph: Graph, clock: HeldClock, acme: Estate) -> None:
    """A mutation by GET is refused, also with a key."""
    before = await everything(databases, acme)
    query = f'mutation {{ deleteDevice(input: {{id: "{acme.ids["Device"]}"}}) {{ __typename }} }}'
    async with client_of(databases, graph, clock, await token_of(databases, clock, acme, *EVERYTHING)) as client:
        response: httpx.Response = await client.get(
            "/graphql", params={"query": query}, headers={"idempotency-key": "k", "accept": GRAPHQL}
        )
    assert (response.status_code, code(response)) == (405, "METHOD_NOT_ALLOWED")
    assert await everything(databases, acme) == before


async def test_what_a_repeated_answer_leads_to_is_read_now(ask: Ask, acme: Estate) -> None:
    """The thing's own fields are the first answer's; what lies beyond them is not part of it."""
    given = {"serial": "R-2", "name": "R-2", "typeId": acme.ids["DeviceType"], "clientMutationId": "once"}
    query = "mutation ($in: CreateDeviceInput!) { createDevice(input: $in) { ... on Device { name type { name } } } }"
    await ask(acme, query, *EVERYTHING, **{"in": given})
    made = await create_device(ask, acme, "R-3")
    await changed(ask, acme, "updateDevice", id=made["id"], name="Renamed")
    await changed(ask, acme, "updateDeviceType", id=acme.ids["DeviceType"], name="Renamed")
    again = await ask(acme, query, *EVERYTHING, **{"in": given})
    assert again.data == {"createDevice": {"name": "R-2", "type": {"name": "Renamed"}}}
