"""The server as a process: how it starts, refuses to start, drains and stops."""

import asyncio
import json
import signal
import socket
import uuid
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from auth.scopes import Scope
from models.clock import SystemClock
from tenantry.databases import Databases
from tests.estate import Estate
from tests.http import token_of
from tests.postgres import Urls, create_database, run_as_superuser
from tests.serving import Serving, environment, run_command, serving

pytestmark = pytest.mark.slow
QUERY = {"query": "{ devices(first: 1) { nodes { serial } } }"}


@pytest.fixture
async def client(databases: Databases, acme: Estate) -> AsyncIterator[httpx.AsyncClient]:
    """A caller with a token of acme's that is good today."""
    token = await token_of(databases, SystemClock(), acme, Scope.DEVICES_READ)
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=30) as opened:
        yield opened


async def until(condition: str, client: httpx.AsyncClient, served: Serving) -> httpx.Response:
    """The probe's answer once it is `condition`; it is asked again as soon as it has answered."""
    async with asyncio.timeout(10):
        while True:
            response = await client.get(f"{served.base}/readyz")
            if response.json()["status"] == condition:
                return response


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_sigterm_drains_and_then_stops(urls: Urls, client: httpx.AsyncClient, acme: Estate, workers: str) -> None:
    """Not ready at once, answering all the same for the delay, and then gone with exit code 0."""
    async with serving(urls, "--workers", workers, TENANTRY_DRAIN_DELAY="2") as served:
        await until("ok", client, served)
        served.process.send_signal(signal.SIGTERM)
        draining = await until("draining", client, served)
        answer = await client.post(f"{served.base}/graphql", json=QUERY)
        assert await served.process.wait() == 0
    assert draining.status_code == 503
    assert draining.headers["connection"] == "close"
    assert answer.json()["data"]["devices"]["nodes"] == [{"serial": acme.device.serial}]


async def test_what_is_under_way_is_finished(urls: Urls, client: httpx.AsyncClient, acme: Estate) -> None:
    """A request that waits for the database when SIGTERM comes gets its answer."""
    engine = create_async_engine(urls.superuser)
    async with serving(urls, TENANTRY_DRAIN_DELAY="0") as served:
        async with engine.begin() as connection:
            await connection.execute(text("LOCK TABLE device IN ACCESS EXCLUSIVE MODE"))
            answering = asyncio.create_task(client.post(f"{served.base}/graphql", json=QUERY))
            await until_waiting(urls, 1)
            served.process.send_signal(signal.SIGTERM)
            await served.says("draining")
        assert (await answering).json()["data"]["devices"]["nodes"] == [{"serial": acme.device.serial}]
        assert await served.process.wait() == 0
    await engine.dispose()


async def until_waiting(urls: Urls, count: int) -> None:
    """Until so many statements wait for a lock."""
    engine = create_async_engine(urls.superuser, isolation_level="AUTOCOMMIT")
    asked = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%device%'"
    )
    async with engine.connect() as connection, asyncio.timeout(10):
        while (await connection.execute(asked)).scalar_one() != count:
            pass
    await engine.dispose()


async def test_a_caller_that_hangs_up_stops_its_statement(urls: Urls, client: httpx.AsyncClient, acme: Estate) -> None:
    """The database is let go long before the deadline, and the connection is good for the next caller."""
    engine = create_async_engine(urls.superuser)
    async with serving(urls, TENANTRY_DRAIN_DELAY="0", TENANTRY_DEADLINE="300", TENANTRY_POOL_SIZE="1") as served:
        async with engine.begin() as connection:
            await connection.execute(text("LOCK TABLE device IN ACCESS EXCLUSIVE MODE"))
            asking = asyncio.create_task(client.post(f"{served.base}/graphql", json=QUERY))
            await until_waiting(urls, 1)
            asking.cancel()
            await until_waiting(urls, 0)
        answer = await client.post(f"{served.base}/graphql", json=QUERY)
    assert answer.json()["data"]["devices"]["nodes"] == [{"serial": acme.device.serial}]
    await engine.dispose()


async def test_ctrl_c_stops_without_a_delay(urls: Urls) -> None:
    """A person who ends it does not wait for load balancers."""
    async with serving(urls, TENANTRY_DRAIN_DELAY="60") as served:
        served.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(10):
            assert await served.process.wait() == 130


async def test_log_lines_are_json_and_name_the_request(urls: Urls, client: httpx.AsyncClient, acme: Estate) -> None:
    """One line a request, with the id that the answer carries; the token is not in it."""
    async with serving(urls, TENANTRY_DRAIN_DELAY="0") as served:
        response = await client.post(f"{served.base}/graphql", json=QUERY)
        served.process.send_signal(signal.SIGTERM)
        await served.process.wait()
    lines = [json.loads(line) for line in served.lines if line.startswith("{")]
    (line,) = (line for line in lines if line["event"] == "request")
    assert line["request_id"] == response.headers["x-request-id"]
    assert (line["path"], line["status"], line["tenant"]) == ("/graphql", 200, acme.tenant.slug)
    assert client.headers["authorization"].split()[1] not in "".join(served.lines)


async def test_an_empty_database_is_not_served_from(superuser_url: str) -> None:
    """The command says what to do, and ends with exit code 1."""
    name = f"tenantry_serve_{uuid.uuid4().hex[:12]}"
    made = await create_database(superuser_url, name)
    code, printed, said = await run_command("serve", "--port", "0", env=environment(made))
    assert (code, printed) == (1, "")
    assert said.strip().endswith("run `tenantry migrate`")
    await run_as_superuser(superuser_url, f"DROP DATABASE {name} WITH (FORCE)")


async def test_a_port_that_is_taken_is_told(urls: Urls) -> None:
    """Before anything else is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, said = await run_command("serve", "--port", port, env=environment(urls))
    assert code == 1
    assert said.startswith(f"Cannot listen on 127.0.0.1, port {port}: Address already in use. Choose others")


async def test_the_doctor_finds_a_good_database_well(urls: Urls) -> None:
    """Every line begins with ok."""
    code, printed, _ = await run_command("doctor", env=environment(urls, DATABASE_OWNER_URL=urls.owner))
    assert code == 0
    assert {line[:6] for line in printed.splitlines()} == {"ok    "}


async def test_the_doctor_says_what_to_do(urls: Urls) -> None:
    """A line that fails carries the fix, and the exit code tells scripts."""
    env = environment(urls, DATABASE_PLATFORM_URL=urls.app)
    code, printed, _ = await run_command("doctor", env=env)
    assert code == 1
    assert "FAIL  DATABASE_PLATFORM_URL: a login that row-level security binds" in printed


async def test_the_roles_can_be_printed_for_an_administrator(urls: Urls) -> None:
    """As a script for psql, with the name of the database that is configured."""
    code, printed, _ = await run_command("migrate", "--print-roles-sql", env=environment(urls))
    assert code == 0
    assert 'ALTER DATABASE "tenantry_test_' in printed
    assert all(line.endswith(";") or line.startswith("--") for line in printed.splitlines())


async def test_migrating_needs_the_owners_address(urls: Urls) -> None:
    """The message names the variable."""
    code, _, said = await run_command("migrate", env=environment(urls))
    assert code == 1
    assert said.startswith("DATABASE_OWNER_URL is not set")


async def test_migrating_twice_changes_nothing(urls: Urls) -> None:
    """The owner's address alone is enough."""
    env = environment(urls, DATABASE_OWNER_URL=urls.owner)
    del env["DATABASE_URL"], env["DATABASE_PLATFORM_URL"]
    code, printed, _ = await run_command("migrate", env=env)
    assert code == 0
    assert printed.startswith("The database is at revision ")
