"""What tests/node/clients/report.mjs asks of every client, by the package that ariadne-codegen wrote: `estate`."""
# It runs in an environment of its own, which linters do not see.
# ruff: noqa: INP001
# mypy: ignore-errors

import asyncio
import json
import sys

from estate import Client, DeviceFilter, GraphQLClientGraphQLMultiError, GraphQLClientHttpError, StringFilter

URL, TOKEN, NARROW = sys.argv[1:]
PAGE = {"first": 2, "filter_": DeviceFilter(serial=StringFilter(starts_with="C-"))}


def client(credential: str | None) -> Client:
    """A client with that token, or a stranger."""
    return Client(URL, headers={"Authorization": f"Bearer {credential}"} if credential else {})


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


async def main() -> None:
    """Print the report."""
    codes = {"narrow": await code(NARROW), "stranger": await code(None), "tooMany": await code(TOKEN, first=101)}
    sys.stdout.write(json.dumps({"serials": await read(), "codes": codes}))


asyncio.run(main())
