"""GraphQL over HTTP, judged by others: every audit of npm's graphql-http, against a real server."""

from pathlib import Path

import orjson
import pytest

from auth.scopes import Scope
from models.clock import SystemClock
from tenantry.databases import Databases
from tests.estate import Estate
from tests.http import token_of
from tests.node_packages import installed, output_of
from tests.postgres import Urls
from tests.serving import serving

pytestmark = pytest.mark.slow
HOW_MANY = 61


async def test_every_audit_passes(urls: Urls, databases: Databases, acme: Estate, tmp_path: Path) -> None:
    """All that a client may expect by the specification: what must, what should and what may be."""
    audits = await installed("graphql-http", tmp_path)
    # Some audits introspect, which takes a scope of its own here.
    token = await token_of(databases, SystemClock(), acme, Scope.SCHEMA_READ)
    async with serving(urls) as served:
        printed = await output_of("node", "audit.js", f"{served.base}/graphql", token, folder=audits)
    results = orjson.loads(printed.splitlines()[-1])
    failed = [f"{each['id']} {each['name']}: {each['reason']}" for each in results if each["status"] != "ok"]
    assert failed == []
    assert len(results) == HOW_MANY
