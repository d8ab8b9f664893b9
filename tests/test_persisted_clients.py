"""Apollo Client and urql name their operations by hash, at a server that keeps them and at one that lists them."""

from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from auth.scopes import Scope
from models.clock import SystemClock
from schema.build import sdl
from tenantry.cli import app
from tenantry.databases import Databases
from tests.estate import Estate
from tests.http import token_of
from tests.node_packages import installed, output_of
from tests.postgres import Urls
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow
# What each sends where nothing is kept yet: the query three times, the mutation twice, and a query that nobody listed.
SENT = {
    "apollo": [
        "POST hash", "POST document", "POST hash", "POST hash",
        "POST hash", "POST document", "POST hash",
        "POST hash", "POST document",
    ],
    "apollo by GET": [
        "GET hash", "POST document", "GET hash", "GET hash",
        "POST hash", "POST document", "POST hash",
        "GET hash", "POST document",
    ],
    "urql": [
        "GET hash", "GET document", "GET hash", "GET hash",
        "POST hash", "POST document", "POST hash",
        "GET hash", "GET document",
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of tests/node/clients, with its packages."""
    return await installed("clients", tmp_path_factory.mktemp("node"))


@dataclass(frozen=True)
class Client:
    """One of them, with a token of acme's; what it does is told in tests/node/clients/persisted.mjs."""

    name: str
    token: str
    folder: Path

    async def report(self, served: Serving) -> dict[str, Any]:
        """What it has to tell after it called."""
        told: dict[str, Any] = orjson.loads(await self._output(f"{served.base}/graphql"))
        return told

    async def manifest(self) -> str:
        """Its operations, as it sends them."""
        return await self._output("http://nowhere/graphql", "list")

    async def _output(self, url: str, *more: str) -> str:
        output = await output_of("node", "persisted.mjs", url, self.token, "", self.name, *more, folder=self.folder)
        return output.splitlines()[-1]


@pytest.fixture(params=list(SENT))
async def client(request: pytest.FixtureRequest, folder: Path, databases: Databases, acme: Estate) -> Client:
    """Each of them."""
    scopes = (Scope.CONTEXT_READ, Scope.DEVICES_READ, Scope.LOCATIONS_READ, Scope.LOCATIONS_WRITE)
    return Client(request.param, await token_of(databases, SystemClock(), acme, *scopes), folder)


async def test_a_document_is_sent_once_and_then_named(client: Client, urls: Urls, acme: Estate) -> None:
    """By POST or GET as the client likes; a subscription over a WebSocket is named too, or at least named along."""
    async with serving(urls) as served:
        assert await client.report(served) == told(acme, SENT[client.name], unlisted=None)


async def test_nothing_but_names_is_sent_where_operations_are_listed(
    client: Client, urls: Urls, acme: Estate, tmp_path: Path
) -> None:
    """By the manifest that the client would publish; what is not in it is told as that."""
    file = tmp_path / "operations.json"
    file.write_text(await client.manifest())
    async with serving(urls, TENANTRY_OPERATIONS=str(file), TENANTRY_OPERATIONS_MODE="enforce") as served:
        named = [each for each in SENT[client.name][:-1] if "hash" in each]
        expected = told(acme, named + SENT[client.name][-1:], unlisted="OPERATION_NOT_LISTED")
        assert await client.report(served) == expected


async def test_what_relays_compiler_writes_is_a_list(folder: Path, tmp_path: Path) -> None:
    """All that its components ask for, by the ids that it gives them."""
    copy = tmp_path / "relay"
    copytree(folder, copy, symlinks=True)
    config = orjson.loads((copy / "relay.config.json").read_bytes())
    persisted = {"persistConfig": {"file": "./operations.json", "algorithm": "MD5"}}
    (copy / "relay.config.json").write_bytes(orjson.dumps(config | persisted))
    (copy / "tenantry.graphql").write_text(sdl())
    (copy / "operations.json").write_text("{}")
    await output_of("node_modules/.bin/relay-compiler", folder=copy)
    written = orjson.loads((copy / "operations.json").read_bytes())
    outcome = CliRunner().invoke(app, ["operations", "check", str(copy / "operations.json")])
    assert (outcome.exit_code, outcome.stdout) == (0, f"{len(written)} operations fit the schema.\n")
    assert len(written) > 1


def told(acme: Estate, sent: list[str], *, unlisted: str | None) -> dict[str, Any]:
    """What a client tells: the same answers however it asked."""
    answers = [[acme.device.serial]] * 3
    return {"answers": answers, "made": ["one", "two"], "told": "1", "unlisted": unlisted, "sent": sent}
