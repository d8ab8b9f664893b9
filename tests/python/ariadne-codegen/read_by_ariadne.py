"""What tests/node/clients/report.mjs asks of every client, by the package that ariadne-codegen wrote: `estate`."""
# It runs in an environment of its own, which linters do not see.
# ruff: noqa: INP001
# mypy: ignore-errors

import asyncio
import json
import sys
from contextlib import aclosing
from typing import Any

from estate import (
    Client,
    CreateLocationInput,
    DeviceFilter,
    GraphQLClientGraphQLMultiError,
    GraphQLClientHttpError,
    StringFilter,
)

URL, TOKEN, NARROW = sys.argv[1:]
PAGE = {"first": 2, "filter_": DeviceFilter(serial=StringFilter(starts_with="C-"))}


def client(credential: str | None) -> Client:
    """A client with that token, or a stranger."""
    headers = {"Authorization": f"Bearer {credential}"} if credential else {}
    return Client(URL, headers=headers, ws_url=URL.replace("http", "ws"), ws_connection_init_payload=headers)


async def read() -> list[str]:
    """All pages, as the types that were generated."""
    found, after, more = [], None, True
    async with client(TOKEN) as reader:
        while more:
            devices = (await reader.devices(**PAGE, after=after)).devices
            found += [node.serial for node in devices.nodes]
            more, after = devices.page_info.has_next_page, devices.page_info.end_cursor
    return found


async def code(credential: str | None, **variables: int) -> str | None:
    """The code of the error that the client raises: it keeps the answer to a refusal, and parses other errors."""
    try:
        async with client(credential) as reader:
            await reader.devices(**{**PAGE, **variables})
    except GraphQLClientHttpError as error:
        return error.response.json()["errors"][0]["extensions"]["code"]
    except GraphQLClientGraphQLMultiError as error:
        return error.errors[0].extensions["code"]
    return None


async def create(name: str) -> list[str]:
    """What becomes of a location with that code: a member of the union, each a type that was generated."""
    async with client(TOKEN) as writer:
        made = (await writer.create_location(CreateLocationInput(code=name, name=f"Made {name}"))).create_location
    return [made.typename__, made.code, made.name] if made.typename__ == "Location" else [made.typename__, made.message]


async def follow() -> list[dict[str, Any]]:
    """What happened before; then a location is created, and that is told of too."""
    told = []
    async with client(TOKEN) as follower, aclosing(follower.follow_locations("0")) as events:
        async for event in events:
            told.append(event.estate_changed.model_dump(by_alias=True, mode="json"))
            if len(told) > 1:
                break
            await create("while")
    return [{**event, "thing": {name: event["thing"][name] for name in ("code", "name")}} for event in told]


async def main() -> None:
    """Print the report."""
    codes = {"narrow": await code(NARROW), "stranger": await code(None), "tooMany": await code(TOKEN, first=101)}
    report = {"codes": codes, "made": await create("before"), "again": await create("before"), "told": await follow()}
    sys.stdout.write(json.dumps({"serials": await read(), **report}))


asyncio.run(main())
