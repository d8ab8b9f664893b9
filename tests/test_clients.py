"""The clients that people use, each in its own environment, against a real server with a real token."""

import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
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
from tests.serving import serving

pytestmark = pytest.mark.slow
PROGRAMS = Path(__file__).parent / "python"
SERIALS = ["C-0", "C-1", "C-2", "C-3", "C-4"]
# What every one of them is asked to do is told in tests/node/clients/report.mjs.
EXPECTED = {
    "serials": SERIALS,
    "codes": {"narrow": "FORBIDDEN_SCOPE", "stranger": "UNAUTHENTICATED", "tooMany": "BAD_USER_INPUT"},
}


@dataclass(frozen=True)
class Server:
    """Where a client is sent, with which credentials: one for what it reads, and one that is too narrow for that."""

    url: str
    token: str
    narrow: str

    async def report(self, *program: str, folder: Path) -> dict[str, Any]:
        """What a client has to tell after it called."""
        printed = await output_of(*program, self.url, self.token, self.narrow, folder=folder)
        told: dict[str, Any] = orjson.loads(printed.splitlines()[-1])
        return told


@pytest.fixture
async def server(urls: Urls, databases: Databases, acme: Estate, clock: HeldClock) -> AsyncIterator[Server]:
    """A server with five devices to read."""
    for serial in SERIALS:
        await add(
            databases, clock, Device, acme.tenant.id,
            serial=serial, name="A counter", type_id=acme.device_type.id, location_id=acme.location.id,
        )  # fmt: skip
    reads = (Scope.CONTEXT_READ, Scope.DEVICES_READ, Scope.SCHEMA_READ)
    token = await token_of(databases, SystemClock(), acme, *reads)
    narrow = await token_of(databases, SystemClock(), acme, Scope.AREAS_READ)
    async with serving(urls) as served:
        yield Server(f"{served.base}/graphql", token, narrow)


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


@pytest.mark.parametrize("client", ["apollo", "urql"])
async def test_a_client_in_javascript_reads_pages_and_sees_codes(server: Server, javascript: Path, client: str) -> None:
    """Apollo Client joins the pages in its cache; urql asks for each."""
    assert await server.report("node", f"{client}.mjs", folder=javascript) == EXPECTED


async def test_relay_compiles_our_connections_and_reads_them(server: Server, javascript: Path) -> None:
    """Its compiler takes our SDL and a paginated fragment; its store joins the pages that `node` refetches."""
    (javascript / "tenantry.graphql").write_text(sdl())
    await output_of("node_modules/.bin/relay-compiler", folder=javascript)
    assert await server.report("node", "relay.mjs", folder=javascript) == EXPECTED


async def test_ariadne_codegen_writes_a_typed_client(server: Server, tmp_path: Path) -> None:
    """From our SDL, in its own environment: it wants an older graphql-core than ours."""
    folder, programs = await python("ariadne-codegen", tmp_path)
    (folder / "tenantry.graphql").write_text(sdl())
    await output_of(str(programs / "ariadne-codegen"), folder=folder)
    assert await server.report(str(programs / "python"), "read_by_ariadne.py", folder=folder) == EXPECTED


async def test_gql_validates_against_our_introspection_and_reads(server: Server, tmp_path: Path) -> None:
    """The schema that it fetches fits the queries that it sends."""
    folder, programs = await python("gql", tmp_path)
    assert await server.report(str(programs / "python"), "read_by_gql.py", folder=folder) == EXPECTED
