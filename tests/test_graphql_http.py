"""GraphQL over HTTP, judged by others: every audit of npm's graphql-http, against a real server."""

import asyncio
import shutil
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import orjson
import pytest

from auth.scopes import Scope
from models.clock import SystemClock
from tenantry.databases import Databases
from tests.estate import Estate
from tests.http import token_of
from tests.postgres import Urls
from tests.serving import serving

pytestmark = pytest.mark.slow
AUDITS = Path(__file__).parent / "node" / "graphql-http"
HOW_MANY = 61


@pytest.fixture
async def audits(tmp_path: Path) -> Path:
    """The audits, installed from their lock file into a folder that the test throws away."""
    missing = [program for program in ("node", "npm") if shutil.which(program) is None]
    assert not missing, f"{missing} is not on the PATH: install Node.js 18 or newer (apt-get install nodejs npm)"
    folder = tmp_path / "graphql-http"
    shutil.copytree(AUDITS, folder, ignore=shutil.ignore_patterns("node_modules"))
    await output_of("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=folder)
    return folder


async def output_of(*command: str, folder: Path) -> str:
    """What a program prints; if it fails, that is the test's message."""
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=PIPE, stderr=STDOUT)
    printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    return printed.decode()


async def test_every_audit_passes(urls: Urls, databases: Databases, acme: Estate, audits: Path) -> None:
    """All that a client may expect by the specification: what must, what should and what may be."""
    # Some audits introspect, which takes a scope of its own here.
    token = await token_of(databases, SystemClock(), acme, Scope.SCHEMA_READ)
    async with serving(urls) as served:
        printed = await output_of("node", "audit.js", f"{served.base}/graphql", token, folder=audits)
    results = orjson.loads(printed.splitlines()[-1])
    failed = [f"{each['id']} {each['name']}: {each['reason']}" for each in results if each["status"] != "ok"]
    assert failed == []
    assert len(results) == HOW_MANY
