"""Signing in to the explorer in a real browser, at a real issuer: whose token answers, and where it never is."""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from auth.scopes import Scope
from models.clock import SystemClock
from tenantry.databases import Databases
from tests.browser import Page, open_page
from tests.estate import Estate, make_tenant
from tests.explorer import ANSWER, EDITOR, run, stored
from tests.http import token_of
from tests.node_packages import installed
from tests.oidc import AUDIENCE
from tests.oidc_provider import Provider, providing
from tests.postgres import Urls
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

WHO = "query Who { me { kind name } }"
# Types and presses the button in one go, and takes down what is stored of the first tab at the moment of leaving.
TYPE_AND_LEAVE = """
const set = Storage.prototype.setItem;
Storage.prototype.setItem = function (key, value) {
  if (key === "tenantry:sign-in") {
    const kept = JSON.parse(localStorage.getItem("graphiql:tabState") ?? '{"tabs":[]}');
    set.call(this, "leaving with", kept.tabs[0]?.query ?? "nothing");
  }
  set.call(this, key, value);
};
document.querySelector(".graphiql-query-editor .CodeMirror").CodeMirror.setValue("query HalfDone { me { na");
document.getElementById("sign-in").click();
"""
# The life of the issuer's tokens, in milliseconds.
HOUR = 3_600_000


@pytest.fixture(scope="module")
async def playwright(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What drives the browser, installed."""
    return await installed("browser", tmp_path_factory.mktemp("playwright"))


@pytest.fixture(scope="module")
async def provider(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Provider]:
    """The issuer of these tests."""
    async with providing(tmp_path_factory.mktemp("oidc")) as started:
        yield started


@pytest.fixture(scope="module")
async def entry(provider: Provider, databases: Databases) -> dict[str, Any]:
    """What the issuers file says of it: it is offered in the explorer."""
    home = await make_tenant(databases, SystemClock(), "staff")
    return {
        "tenant": home.slug,
        "issuer": provider.issuer.url,
        "audience": AUDIENCE,
        "cohorts": [{"everyone": True, "role": "viewer"}],
        "browser": {"client_id": "explorer", "label": "Acme staff", "parameters": {"resource": AUDIENCE}},
    }


def trusting(
    urls: Urls, provider: Provider, folder: Path, *entries: dict[str, Any]
) -> AbstractAsyncContextManager[Serving]:
    """A server with these issuers."""
    file = folder / "issuers.json"
    file.write_text(json.dumps(entries))
    authority = str(provider.certificates.authority)
    return serving(urls, TENANTRY_ISSUERS=str(file), TENANTRY_CA_BUNDLE=authority)


@pytest.fixture(scope="module")
async def served(
    urls: Urls, provider: Provider, entry: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Serving]:
    """A server that trusts it."""
    async with trusting(urls, provider, tmp_path_factory.mktemp("issuers"), entry) as started:
        yield started


@pytest.fixture
async def page(playwright: Path, served: Serving, provider: Provider) -> AsyncIterator[Page]:
    """The explorer as a new visitor sees it, whom the issuer does not know either."""
    async with open_page(playwright, served.base, provider.certificates.pin) as opened:
        await opened.call("goto", "/graphiql")
        await opened.see(EDITOR)
        yield opened


async def begin(page: Page) -> dict[str, str]:
    """Press the button; what the issuer is asked for, whose page is open then."""
    await page.call("click", "#sign-in")
    await page.see("[name=login]")
    asked = [urlsplit(address) for address in await page.requests()]
    return dict(parse_qsl(next(each.query for each in reversed(asked) if each.path == "/auth")))


async def sign_in(page: Page, login: str = "ada") -> None:
    """As a person does, from the button to the name in the bar."""
    await begin(page)
    await enter(page, login)


async def enter(page: Page, login: str = "ada") -> None:
    """Fill in the issuer's pages."""
    await page.call("fill", "[name=login]", login)
    await page.call("fill", "[name=password]", "any")
    await page.call("click", "[type=submit]")
    await page.call("click", "[type=submit]:has-text('Continue')")
    await page.see("#person", login)


def returns(requests: Iterable[str]) -> list[str]:
    """The addresses by which the issuer sent the page back."""
    return [address for address in requests if "/graphiql?" in address]


async def assert_kept_between_the_two(page: Page, served: Serving, provider: Provider) -> None:
    """Nothing was asked of a third host, and the browser had nothing to complain of."""
    allowed = (f"{served.base}/", f"{provider.issuer.url}/")
    assert [address for address in await page.requests() if not address.startswith(allowed)] == []
    assert await page.complaints() == []


async def test_whoever_signs_in_is_who_asks(page: Page, served: Serving, provider: Provider) -> None:
    """The issuer's person, with what its cohort may do; markup in a name is text."""
    await sign_in(page)
    await page.see("#person", "<b>ada</b> until ")
    await run(page, WHO)
    await page.see(ANSWER, '"kind": "USER"')
    await page.see(ANSWER, '"name": "ada"')
    await page.call("click", "[aria-label='Show Documentation Explorer']")
    await page.see(".graphiql-doc-explorer", "Query")
    await assert_kept_between_the_two(page, served, provider)


async def test_the_tabs_survive_the_way_there_and_back(page: Page) -> None:
    """What was typed the moment before is stored when the page leaves; the tenant that was looked at stays too."""
    await page.call("fill", "#tenant", "annex")
    tabs = await page.call("innerText", ".graphiql-tabs")
    await page.call("evaluate", TYPE_AND_LEAVE)
    await enter(page)
    await page.see(EDITOR, "query HalfDone { me { na")
    assert await page.call("innerText", ".graphiql-tabs") == tabs.replace("WhoAmI", "HalfDone")
    assert await page.call("inputValue", "#tenant") == "annex"
    assert await page.call("evaluate", "sessionStorage.getItem('leaving with')") == "query HalfDone { me { na"


async def test_the_token_is_kept_in_memory_alone(page: Page, served: Serving, provider: Provider) -> None:
    """Neither storage, cookies, the address nor the log know it or what it was got by; a reload forgets it."""
    await sign_in(page)
    await run(page, WHO)
    await page.see(ANSWER, '"name": "ada"')
    local, session, cookies, address = json.loads(await stored(page))
    assert "eyJ" not in str(local)
    assert (session, cookies, address) == ({}, "", f"{served.base}/graphiql")
    assert returns(await page.requests()) != []
    assert "code=" not in "".join(served.lines)

    await page.call("reload")
    await page.see("#notice", "No token yet: sign in, or paste one above.")
    assert not await page.call("isVisible", "#person")
    await assert_kept_between_the_two(page, served, provider)


async def test_the_issuer_is_asked_for_a_code_that_this_tab_alone_can_redeem(page: Page, served: Serving) -> None:
    """By a challenge whose verifier never leaves the tab with it, and new words each time."""
    first = await begin(page)
    await page.call("goto", "/graphiql")
    second = await begin(page)
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) == 43
        assert first[name] != second[name]
    assert first["code_challenge_method"] == "S256"
    assert (first["response_type"], first["scope"]) == ("code", "openid profile")
    assert (first["client_id"], first["resource"]) == ("explorer", AUDIENCE)
    assert first["redirect_uri"] == f"{served.base}/graphiql"


async def test_an_answer_to_no_sign_in_is_refused(page: Page, served: Serving, provider: Provider) -> None:
    """As a stranger's link would bring it: its code is not redeemed, and its words are not shown."""
    await page.call("goto", "/graphiql?error=call_us&error_description=now&code=theirs&state=theirs")
    await page.see("#account-notice", "Not signed in. That answer is not to a sign-in that was begun in this tab")
    assert "call_us" not in await page.call("innerText", "body")
    assert await page.call("url") == f"{served.base}/graphiql"
    assert [address for address in await page.requests() if address.startswith(provider.issuer.url)] == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state": "another"}, "not to a sign-in that was begun in this tab"),
        ({"iss": "https://evil.example"}, "Another issuer answered"),
        ({"iss": None}, "does not say which issuer"),
    ],
    ids=["another state", "another issuer", "no issuer"],
)
async def test_an_answer_that_is_not_the_issuers_is_refused(
    page: Page, served: Serving, provider: Provider, change: dict[str, str | None], words: str
) -> None:
    """It ends the sign-in that it answers; the code is not redeemed."""
    asked = await begin(page)
    answer = {"code": "theirs", "state": asked["state"], "iss": provider.issuer.url} | change
    await page.call("goto", f"{served.base}/graphiql?{urlencode({k: v for k, v in answer.items() if v is not None})}")
    await page.see("#account-notice", words)
    assert json.loads(await stored(page))[1] == {}
    assert f"{provider.issuer.url}/token" not in await page.requests()


async def test_an_answer_is_good_once(page: Page) -> None:
    """Whoever finds the address in a history has nothing."""
    await sign_in(page)
    (address,) = returns(await page.requests())
    await page.call("goto", address)
    await page.see("#account-notice", "came a second time")
    assert not await page.call("isVisible", "#person")


async def test_an_error_of_the_issuers_is_shown_as_text(page: Page, served: Serving, provider: Provider) -> None:
    """Its own words, whatever they are."""
    await begin(page)
    await page.call("click", "text=[ Cancel ]")
    await page.see("#account-notice", "Not signed in. access_denied: End-User aborted interaction")

    answer = {"error": "x", "error_description": "<img src=//evil.example>", "iss": provider.issuer.url}
    answer["state"] = (await begin(page))["state"]
    await page.call("goto", f"{served.base}/graphiql?{urlencode(answer)}")
    await page.see("#account-notice", "x: <img src=//evil.example>")
    await assert_kept_between_the_two(page, served, provider)


async def test_signing_out_forgets_the_token(page: Page) -> None:
    """The explorer is as it was before."""
    await sign_in(page)
    await page.call("click", "#sign-out")
    await page.see("#notice", "No token yet")
    await run(page, WHO)
    await page.see(ANSWER, "No token yet: sign in")
    assert not await page.call("isVisible", "#person")
    assert await page.call("isVisible", "#sign-in")


async def test_a_sign_in_takes_the_place_of_a_pasted_token(page: Page, databases: Databases, acme: Estate) -> None:
    """And no token can be pasted until it ends: there is never a doubt who asks."""
    await page.call("fill", "#token", await token_of(databases, SystemClock(), acme, Scope.CONTEXT_READ))
    await sign_in(page)
    assert await page.call("inputValue", "#token") == ""
    assert not await page.call("isVisible", "#token")
    await page.call("click", "#sign-out")
    await page.see("#token")


async def test_the_end_is_told_before_it_comes(page: Page) -> None:
    """A minute before, with the way in beside it; then nothing is sent any more."""
    await page.call("clock.install")
    await sign_in(page)
    await page.call("clock.fastForward", HOUR - 30_000)
    await page.see("#account-notice", "The sign-in ends at ")
    await page.see("#sign-in")
    await page.call("clock.fastForward", 30_000)
    await page.see("#account-notice", "The sign-in has ended: sign in again.")
    await run(page, WHO)
    await page.see(ANSWER, "No token yet: sign in")


async def test_several_issuers_are_a_menu(
    playwright: Path, urls: Urls, provider: Provider, entry: dict[str, Any], tmp_path: Path
) -> None:
    """One that does not answer is told of; the others are there."""
    down = {**entry, "issuer": "https://localhost:1", "browser": {"client_id": "x", "label": "Globex"}}
    async with (
        trusting(urls, provider, tmp_path, entry, down) as served,
        open_page(playwright, served.base, provider.certificates.pin) as page,
    ):
        await page.call("goto", "/graphiql")
        await page.call("click", "#sign-in")
        await page.call("click", "#issuers button:has-text('Globex')")
        await page.see("#account-notice", "Not signed in. https://localhost:1 is down")
        await page.call("click", "#sign-in")
        await page.call("click", "#issuers button:has-text('Acme staff')")
        await page.see("[name=login]")
