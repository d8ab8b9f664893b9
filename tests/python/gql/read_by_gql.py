"""What tests/node/clients/report.mjs asks of every client, by gql: pages with variables, and the codes of refusals."""
# It runs in an environment of its own, which linters do not see.
# ruff: noqa: INP001
# mypy: ignore-errors

import asyncio
import json
import sys

from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport

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


async def main() -> None:
    """Print the report."""
    codes = {"narrow": await code(NARROW), "stranger": await code(None), "tooMany": await code(TOKEN, first=101)}
    sys.stdout.write(json.dumps({"serials": await read(), "codes": codes}))


asyncio.run(main())
