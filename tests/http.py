"""The whole application over HTTP, in process: a client with a token of a test's tenant."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from auth.scopes import Scope
from models.clock import Clock
from resolvers.tokens import create_token
from tenantry.app import create_app
from tenantry.databases import Databases
from tenantry.endpoint import Runs
from tenantry.settings import Settings
from tests.estate import Estate

GRAPHQL = "application/graphql-response+json"
JSON = {"content-type": "application/json"}
# The smallest query.
QUERY = "{ __typename }"
SETTINGS = Settings(home=Path("unused"))


async def token_of(databases: Databases, clock: Clock, estate: Estate, *scopes: Scope) -> str:
    """A fresh token of the estate's tenant."""
    name = f"test {clock.new_id()}"
    return (await create_token(databases.app, clock, estate.tenant.id, name, scopes)).secret.reveal()


@asynccontextmanager
async def client_of(
    databases: Databases, graph: Runs, clock: Clock, token: str | None, settings: Settings = SETTINGS
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application of its own; without a token it is a stranger."""
    app = create_app(settings, databases, graph, clock)
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://tenantry.test", headers=headers
    ) as client:
        yield client


def code(response: httpx.Response) -> str:
    """The code of the one error."""
    (error,) = response.json()["errors"]
    found: str = error["extensions"]["code"]
    return found


def message(response: httpx.Response) -> str:
    """The words of the one error."""
    (error,) = response.json()["errors"]
    found: str = error["message"]
    return found
