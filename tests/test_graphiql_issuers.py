"""The explorer's page where people may sign in: what it says of issuers, and how little its policy gives way."""

import html
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from models.clock import Clock
from schema.graph import Graph
from tenantry.databases import Databases
from tests.http import SETTINGS, client_of
from tests.oidc import API, TID

ACME: dict[str, Any] = {
    "tenant": "acme-limited",
    "issuer": "https://login.acme.example/realms/staff",
    "audience": "tenantry-api",
    "cohorts": [{"group": "facility-managers", "role": "tenant-admin"}],
}
BROWSER = {"client_id": "explorer", "label": "Acme staff", "parameters": {"resource": "tenantry-api"}}
ENTRA = {"tenant": "globex", "entra": TID, "audience": API, "cohorts": [], "browser": {"client_id": "spa"}}

Page: TypeAlias = Callable[..., AbstractAsyncContextManager[httpx.Response]]


@pytest.fixture
def page(databases: Databases, graph: Graph, clock: Clock, tmp_path: Path) -> Page:
    """The page as a server with these issuers gives it to a stranger."""

    @asynccontextmanager
    async def shown(*entries: dict[str, Any]) -> AsyncIterator[httpx.Response]:
        file = tmp_path / "issuers.json"
        file.write_text(json.dumps(entries))
        settings = replace(SETTINGS, issuers=file if entries else None)
        async with client_of(databases, graph, clock, None, settings) as stranger:
            yield await stranger.get("/graphiql")

    return shown


def offered(page: httpx.Response) -> Any:
    """What sign_in.js reads."""
    (found,) = re.findall(r'data-issuers="([^"]*)"', page.text)
    return json.loads(html.unescape(found))


def parts(page: httpx.Response) -> tuple[str, str]:
    """The page and its policy, without the nonce that is another each time."""
    (nonce,) = re.findall(r'nonce="([^"]+)"', page.text)
    return page.text.replace(nonce, ""), page.headers["content-security-policy"].replace(nonce, "")


async def test_an_issuer_that_is_trusted_alone_is_not_offered(page: Page) -> None:
    """The page and its policy are what they are without issuers."""
    async with page() as without:
        assert offered(without) == []
        async with page(ACME) as trusting:
            assert parts(trusting) == parts(without)


async def test_the_policy_gains_the_issuers_origins_and_nothing_else(page: Page) -> None:
    """Each once, where scripts may ask; forms, frames, scripts and styles stay as they are."""
    elsewhere = {**BROWSER, "origins": ["https://token.acme.example:8443"]}
    second = {**ACME, "issuer": "https://login.acme.example/realms/guests", "browser": BROWSER}
    async with page() as without, page({**ACME, "browser": elsewhere}, second, ENTRA) as signing_in:
        before, after = (parts(each)[1].split("; ") for each in (without, signing_in))
    assert set(before) - set(after) == {"connect-src 'self'"}
    (gained,) = set(after) - set(before)
    assert gained.split() == [
        "connect-src",
        "'self'",
        "https://login.acme.example",
        "https://token.acme.example:8443",
        "https://login.microsoftonline.com",
    ]


async def test_the_page_tells_of_an_issuer_what_a_sign_in_needs(page: Page) -> None:
    """Neither whose tenant it is nor who may do what."""
    async with page({**ACME, "browser": BROWSER}) as shown:
        assert offered(shown) == [
            {
                "issuer": ACME["issuer"],
                "metadata": f"{ACME['issuer']}/.well-known/openid-configuration",
                "clientId": "explorer",
                "scope": "openid profile",
                "label": "Acme staff",
                "parameters": {"resource": "tenantry-api"},
                "origins": ["https://login.acme.example"],
            }
        ]
        assert "acme-limited" not in shown.text
        assert "facility-managers" not in shown.text


async def test_entra_is_asked_for_the_api_by_scope(page: Page) -> None:
    """It knows no other way; its label is its host where nothing is said."""
    async with page(ENTRA) as shown:
        (issuer,) = offered(shown)
    assert issuer["scope"] == f"openid profile api://{API}/.default"
    assert issuer["issuer"] == f"https://login.microsoftonline.com/{TID}/v2.0"
    assert issuer["label"] == "login.microsoftonline.com"


async def test_a_label_is_text_whatever_it_says(page: Page) -> None:
    """It cannot end its attribute, nor take the nonce's place."""
    label = '"NONCE" "assets/ \'><script>'
    async with page({**ACME, "browser": {**BROWSER, "label": label}}) as shown:
        assert offered(shown)[0]["label"] == label
        assert "<script>" not in shown.text
