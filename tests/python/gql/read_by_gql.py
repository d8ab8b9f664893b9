"""What tests/node/clients/report.mjs asks of every client, by gql; and the legacy protocol."""
# It runs in an environment of its own, which linters do not see.
# ruff: noqa: INP001
# mypy: ignore-errors

import asyncio
import json
import sys
from contextlib import aclosing
from typing import Any

from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

URL, TOKEN, NARROW = sys.argv[1:]
PAGE = {"first": 2, "filter": {"serial": {"startsWith": "C-"}}}
DEVICES = """
    query Devices($first: Int!, $after: String, $filter: DeviceFilter) {
      devices(first: $first, after: $after, filter: $filter, orderBy: SERIAL_ASC) {
        nodes { serial }
        pageInfo { hasNextPage endCursor }
      }
    }
"""
CREATE = """
    mutation Create($input: CreateLocationInput!) {
      createLocation(input: $input) {
        __typename
        ... on Location { code name }
        ... on Problem { message }
      }
    }
"""
FOLLOW = """
    subscription Follow($since: ID) {
      estateChanged(types: [LOCATION], sinceEvent: $since) {
        number kind type
        thing { ... on Location { code name } }
      }
    }
"""


def client(credential: str | None, **options: bool) -> Client:
    """A client with that token, or a stranger."""
    headers = {"authorization": f"Bearer {credential}"} if credential else {}
    return Client(transport=HTTPXAsyncTransport(url=URL, headers=headers), **options)


async def read() -> list[str]:
    """All pages; each query is first validated against the schema that the server shows."""
    found, after, more = [], None, True
    async with client(TOKEN, fetch_schema_from_transport=True) as session:
        while more:
            answer = await session.execute(GraphQLRequest(DEVICES, variable_values={**PAGE, "after": after}))
            found += [node["serial"] for node in answer["devices"]["nodes"]]
            more, after = answer["devices"]["pageInfo"].values()
    return found


async def code(credential: str | None, **variables: int) -> str | None:
    """The code of the error that the client raises."""
    try:
        async with client(credential) as session:
            await session.execute(GraphQLRequest(DEVICES, variable_values={**PAGE, **variables}))
    except TransportQueryError as error:
        return error.errors[0]["extensions"]["code"]
    return None


async def create(name: str) -> list[str]:
    """What becomes of a location with that code."""
    given = {"input": {"code": name, "name": f"Made {name}"}}
    async with client(TOKEN) as session:
        answer = await session.execute(GraphQLRequest(CREATE, variable_values=given))
    return list(answer["createLocation"].values())


def following(*subprotocols: str) -> Client:
    """A client over a WebSocket that speaks these, or all that it knows."""
    payload = {"authorization": f"Bearer {TOKEN}"}
    url = URL.replace("http", "ws")
    return Client(transport=WebsocketsTransport(url, init_payload=payload, subprotocols=list(subprotocols) or None))


async def follow() -> list[dict[str, Any]]:
    """What happened before; then a location is created, and that is told of too."""
    told = []
    request = GraphQLRequest(FOLLOW, variable_values={"since": "0"})
    async with following() as session, aclosing(session.subscribe(request)) as events:
        async for event in events:
            told.append(event["estateChanged"])
            if len(told) > 1:
                break
            await create("while")
    return told


async def legacy() -> int | None:
    """With which code the door closes on a client that speaks the legacy protocol only."""
    try:
        async with following("graphql-ws"):
            return None
    except TransportConnectionFailed as failed:
        return failed.__cause__.rcvd.code


async def main() -> None:
    """Print the report."""
    codes = {"narrow": await code(NARROW), "stranger": await code(None), "tooMany": await code(TOKEN, first=101)}
    report = {"codes": codes, "made": await create("before"), "again": await create("before"), "told": await follow()}
    sys.stdout.write(json.dumps({"serials": await read(), **report, "legacy": await legacy()}))


asyncio.run(main())
