"""The clients that people use, each in its own environment, against a real server with a real token."""

import sys
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copytree
from typing import Any

import orjson
import pytest

from auth.scopes import Scope
from models import Device
from models.clock import SystemClock
from schema.build import sdl
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.estate import Estate, add
from tests.http import token_of
from tests.node_packages import installed, output_of
from tests.postgres import Urls
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow
PROGRAMS = Path(__file__).parent / "python"
SERIALS = ["C-0", "C-1", "C-2", "C-3", "C-4"]
# What every one of them is asked to do is told in tests/node/clients/report.mjs.
EXPECTED: dict[str, Any] = {
    "serials": SERIALS,
    "codes": {"narrow": "FORBIDDEN_SCOPE", "stranger": "UNAUTHENTICATED", "tooMany": "BAD_USER_INPUT"},
    "made": ["Location", "before", "Made before"],
    "again": ["Conflict", "The code is taken by another location."],
    "told": [
        {"number": "1", "kind": "CREATED", "type": "LOCATION", "thing": {"code": "before", "name": "Made before"}},
        {"number": "2", "kind": "CREATED", "type": "LOCATION", "thing": {"code": "while", "name": "Made while"}},
    ],
}


@dataclass(frozen=True)
class Server:
    """Where a client is sent, with which credentials: one for what it reads, and one that is too narrow for that."""

    url: str
    token: str
    narrow: str

    async def report(self, *program: str, folder: Path, more: Iterable[str] = ()) -> dict[str, Any]:
        """What a client has to tell after it called; `more` is said to it after what all are told."""
        printed = await output_of(*program, self.url, self.token, self.narrow, *more, folder=folder)
        told: dict[str, Any] = orjson.loads(printed.splitlines()[-1])
        return told


@pytest.fixture(scope="module")
async def served(urls: Urls) -> AsyncIterator[Serving]:
    """A server for all of them; each has a tenant of its own there."""
    async with serving(urls) as running:
        yield running


@pytest.fixture
async def server(served: Serving, databases: Databases, acme: Estate, clock: HeldClock) -> Server:
    """A tenant with five devices to read."""
    for serial in SERIALS:
        await add(
            databases, clock, Device, acme.tenant.id,
            serial=serial, name="A counter", type_id=acme.device_type.id, location_id=acme.location.id,
        )  # fmt: skip
    scopes = (
        Scope.CONTEXT_READ, Scope.DEVICES_READ, Scope.LOCATIONS_READ, Scope.LOCATIONS_WRITE, Scope.SCHEMA_READ,
    )  # fmt: skip
    token = await token_of(databases, SystemClock(), acme, *scopes)
    narrow = await token_of(databases, SystemClock(), acme, Scope.AREAS_READ)
    return Server(f"{served.base}/graphql", token, narrow)


@pytest.fixture(scope="module")
async def javascript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of tests/node/clients, with its packages."""
    return await installed("clients", tmp_path_factory.mktemp("node"))


async def python(name: str, into: Path) -> tuple[Path, Path]:
    """A copy of tests/python/<name>, and the programs of an environment that has what its lock names."""
    folder = into / name
    copytree(PROGRAMS / name, folder)
    await output_of(sys.executable, "-m", "venv", "--without-pip", "environment", folder=folder)
    programs = folder / "environment" / "bin"
    pip = (sys.executable, "-m", "pip", "--python", str(programs / "python"), "install", "--no-compile", "--quiet")
    await output_of(*pip, "--require-hashes", "-r", "requirements.txt", folder=folder)
    return folder, programs


@pytest.mark.parametrize("client", ["apollo", "urql", "urql events"])
async def test_a_client_in_javascript_reads_changes_and_follows(server: Server, javascript: Path, client: str) -> None:
    """Apollo Client joins the pages in its cache; urql asks for each, and follows by either transport."""
    name, *more = client.split()
    assert await server.report("node", f"{name}.mjs", more=more, folder=javascript) == EXPECTED


async def test_graphql_sse_streams_whatever_it_asks(server: Server, javascript: Path) -> None:
    """Queries and mutations too; a stranger and a token that is too narrow get an answer with its status."""
    assert await server.report("node", "sse.mjs", folder=javascript) == EXPECTED


async def test_a_client_goes_on_at_another_server(server: Server, javascript: Path, urls: Urls) -> None:
    """From the last event that it saw: the one that stops says 1012, on which graphql-ws connects again."""
    async with serving(urls, TENANTRY_DRAIN_DELAY="0") as stopped:
        at = replace(server, url=f"{stopped.base}/graphql")
        more = [server.url.replace("http", "ws"), str(stopped.process.pid)]
        assert await at.report("node", "socket.mjs", more=more, folder=javascript) == {
            "codes": {"narrow": "FORBIDDEN_SCOPE", "stranger": 4403},
            "closed": [1012],
            "told": ["1", "2"],
        }


async def test_relay_compiles_our_connections_and_reads_them(server: Server, javascript: Path) -> None:
    """Its compiler takes our SDL and all that it is asked; its store joins the pages that `node` refetches."""
    (javascript / "tenantry.graphql").write_text(sdl())
    await output_of("node_modules/.bin/relay-compiler", folder=javascript)
    assert await server.report("node", "relay.mjs", folder=javascript) == EXPECTED


async def test_ariadne_codegen_writes_a_typed_client(server: Server, tmp_path: Path) -> None:
    """From our SDL, unions and events too, in its own environment: it wants an older graphql-core than ours."""
    folder, programs = await python("ariadne-codegen", tmp_path)
    (folder / "tenantry.graphql").write_text(sdl())
    await output_of(str(programs / "ariadne-codegen"), folder=folder)
    assert await server.report(str(programs / "python"), "read_by_ariadne.py", folder=folder) == EXPECTED


async def test_gql_validates_against_our_introspection_and_reads(server: Server, tmp_path: Path) -> None:
    """The schema that it fetches fits the queries that it sends. It can be made to speak the legacy protocol only."""
    folder, programs = await python("gql", tmp_path)
    told = await server.report(str(programs / "python"), "read_by_gql.py", folder=folder)
    assert told == {**EXPECTED, "legacy": 4406}
