"""The explorer in a real browser, against a real server: what a person does with it, and what must never happen."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from auth.scopes import Scope
from models.clock import SystemClock
from tenantry.databases import Databases
from tests.browser import Page, open_page
from tests.estate import Estate, make_tenant
from tests.explorer import ANSWER, EDITOR, run, stored
from tests.following import write_events
from tests.http import token_of
from tests.node_packages import installed
from tests.postgres import Urls
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

READS = (Scope.CONTEXT_READ, Scope.DEVICES_READ, Scope.SCHEMA_READ)


@pytest.fixture(scope="module")
async def playwright(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What drives the browser, installed."""
    return await installed("browser", tmp_path_factory.mktemp("playwright"))


@pytest.fixture(scope="module")
async def served(urls: Urls) -> AsyncIterator[Serving]:
    """A server for these tests."""
    async with serving(urls) as started:
        yield started


@pytest.fixture
async def page(playwright: Path, served: Serving) -> AsyncIterator[Page]:
    """The explorer as a new visitor sees it."""
    async with open_page(playwright, served.base) as opened:
        await opened.call("goto", "/graphiql")
        await opened.see(EDITOR)
        yield opened


@pytest.fixture
async def token(databases: Databases, acme: Estate) -> str:
    """A token of acme's, good today."""
    return await token_of(databases, SystemClock(), acme, *READS)


async def give(page: Page, token: str) -> None:
    """Type a token as a person does, and wait for the schema or the refusal."""
    await page.call("fill", "#token", token)
    await page.call("press", "#token", "Enter")
    await page.see("#outcome", " ms ")


async def assert_kept_to_itself(page: Page, served: Serving) -> None:
    """Nothing was asked of any other host, and the browser had nothing to complain of."""
    assert [address for address in await page.requests() if not address.startswith(served.base)] == []
    assert await page.complaints() == []


async def test_a_query_that_was_typed_is_answered(
    page: Page, served: Serving, token: str, acme: Estate, tmp_path: Path
) -> None:
    """With a token, a query and a key press; docs and history are there, and no other host is asked."""
    await give(page, token)
    await run(page, "query Typed { devices(first: 5) { nodes { serial } } }")
    await page.see(ANSWER, acme.device.serial)
    await page.call("click", "[aria-label='Show Documentation Explorer']")
    await page.see(".graphiql-doc-explorer", "DeviceConnection")
    await page.call("screenshot", {"path": str(tmp_path / "explorer.png")})
    await page.call("click", "[aria-label='Show History']")
    await page.see(".graphiql-history", "Typed")
    await page.call("click", "[aria-label='Open settings dialog']")
    await page.see(".graphiql-dialog", "Theme")
    assert (tmp_path / "explorer.png").stat().st_size > 10_000
    await assert_kept_to_itself(page, served)


async def test_without_a_token_it_says_what_to_do(page: Page, served: Serving) -> None:
    """And sends nothing: the server would only refuse."""
    await page.see("#notice", "No token yet: paste one above.")
    await page.call("click", ".graphiql-execute-button")
    await page.see(ANSWER, "No token yet")
    assert f"{served.base}/graphql" not in await page.requests()
    await assert_kept_to_itself(page, served)


async def test_the_token_is_kept_in_memory_alone(page: Page, served: Serving, token: str) -> None:
    """Neither storage, cookies nor the address know it, wherever it was typed; a reload forgets it."""
    await give(page, token)
    await page.call("click", ".graphiql-editor-tools [data-name='headers']")
    await page.call("click", ".graphiql-editor-tool .CodeMirror:visible")
    await page.call("keyboard.insertText", json.dumps({"x-auth-token": token, "x-other": "private"}))
    await run(page, f'query Careless {{ devices(search: "{token}") {{ nodes {{ serial }} }} }}')
    await page.see(ANSWER, '"nodes"')
    await page.call("click", "[aria-label='Show History']")
    await page.see(".graphiql-history", "Careless")
    kept = await stored(page)
    assert "Careless" in kept
    assert token not in kept
    assert "private" not in kept

    await page.call("reload")
    await page.see(EDITOR, "Careless")
    await page.see("#notice", "No token yet")
    assert await page.call("inputValue", "#token") == ""
    await assert_kept_to_itself(page, served)


async def test_a_refusal_is_shown_as_it_came(page: Page, token: str) -> None:
    """The body of the server's error, with its code, and the reason above."""
    await give(page, token[:-1])
    await page.see("#outcome", "401")
    await page.see("#notice", "token")
    await run(page, "query Refused { devices(first: 5) { nodes { serial } } }")
    await page.see(ANSWER, "UNAUTHENTICATED")


async def test_a_token_that_may_not_read_the_schema_still_runs_queries(
    page: Page, databases: Databases, acme: Estate
) -> None:
    """Docs and completion are missing, and the page says which scope would bring them."""
    await give(page, await token_of(databases, SystemClock(), acme, Scope.DEVICES_READ))
    await page.see("#notice", "tenant.schema.read")
    await run(page, "query Blind { devices(first: 5) { nodes { serial } } }")
    await page.see(ANSWER, acme.device.serial)


async def test_a_tenant_beneath_can_be_chosen(
    page: Page, served: Serving, databases: Databases, acme: Estate, token: str
) -> None:
    """Its slug goes along as X-Tenant-ID."""
    child = await make_tenant(databases, SystemClock(), "annex", acme.tenant)
    await give(page, token)
    await page.call("fill", "#tenant", child.slug)
    await run(page, "query Where { tenant { slug } }")
    await page.see(ANSWER, child.slug)
    await assert_kept_to_itself(page, served)


async def test_the_examples_come_back(page: Page, served: Serving, token: str, acme: Estate) -> None:
    """A visitor who changed the tabs gets them as they were, the token still in its place."""
    await run(page, "query Other { devices(first: 5) { nodes { serial } } }")
    await page.call("click", "#examples")
    await page.see(".graphiql-tab-active", "WhoAmI")
    await give(page, token)
    await page.call("click", ".graphiql-execute-button")
    await page.see(ANSWER, acme.tenant.slug)
    await assert_kept_to_itself(page, served)


async def test_a_subscription_shows_what_happens(
    page: Page, served: Serving, databases: Databases, acme: Estate, token: str
) -> None:
    """As it happens, until it is stopped."""
    await give(page, token)
    await run(page, "subscription Follow { estateChanged(types: [DEVICE]) { number kind thingId } }")
    await page.see("#outcome", "open")
    await write_events(databases, acme, SystemClock())
    await page.see(ANSWER, acme.ids["Device"])
    await write_events(databases, acme, SystemClock())
    await page.see(ANSWER, '"number": "2"')
    await page.call("click", ".graphiql-execute-button")
    await page.see("[aria-label='Execute query (Ctrl-Enter)']")
    await assert_kept_to_itself(page, served)
