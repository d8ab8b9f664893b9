"""Tokens of a real issuer, by a real sign-in, over TLS with an authority of its own."""

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest

from auth.codes import Code, Refusal
from auth.oidc.verified import SubjectKey
from tests.clock import HeldClock
from tests.oidc import AUDIENCE
from tests.oidc_provider import Provider, providing

pytestmark = pytest.mark.slow

CALLBACK = "https://portal.example/callback"
SCOPES = "tenant.devices.read tenant.areas.read"


@pytest.fixture(scope="module")
async def provider(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Provider]:
    """The issuer, until the tests of this file end."""
    async with providing(tmp_path_factory.mktemp("oidc")) as started:
        yield started


@pytest.fixture
def today() -> HeldClock:
    """The issuer goes by the time of day."""
    return HeldClock(datetime.now(UTC), salt=0)


async def job_token(provider: Provider) -> str:
    """By client credentials."""
    form = {"grant_type": "client_credentials", "resource": AUDIENCE, "scope": SCOPES}
    async with provider.client() as client:
        answer = await client.post("/token", data=form, auth=("job", "the secret of a test"))
    return str(answer.raise_for_status().json()["access_token"])


async def person_tokens(provider: Provider) -> dict[str, str]:
    """By authorization code and PKCE, through the pages of a sign-in and a consent."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "client_id": "portal",
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": f"openid {SCOPES}",
        "resource": AUDIENCE,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    async with provider.client() as browser:
        answer = await browser.get("/auth", params=asked)
        for form in ({"prompt": "login", "login": "ada", "password": "any"}, {"prompt": "consent"}):
            page = await _page(browser, answer)
            answer = await browser.post(page.url, data=form)
        answer = await _page(browser, answer)
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        form = {
            "grant_type": "authorization_code",
            "client_id": "portal",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": verifier,
            "resource": AUDIENCE,
        }
        tokens: dict[str, str] = (await browser.post("/token", data=form)).raise_for_status().json()
    return tokens


async def _page(browser: httpx.AsyncClient, answer: httpx.Response) -> httpx.Response:
    """Where redirects lead; the last one, to the client, is not followed."""
    while answer.next_request is not None and answer.next_request.url.host == "localhost":
        answer = await browser.send(answer.next_request)
    return answer


async def test_a_programs_token_verifies(provider: Provider, today: HeldClock) -> None:
    """By client credentials: an app, its own subject."""
    found = await provider.verifier(today).verify(await job_token(provider), [provider.issuer])
    assert found.is_app
    assert found.subject == SubjectKey(provider.issuer.url, "job")
    assert found.scopes == set(SCOPES.split())
    assert found.roles == {"Devices.Read"}
    assert found.token_id


async def test_a_persons_token_verifies(provider: Provider, today: HeldClock) -> None:
    """By authorization code and PKCE; the ID token that comes with it is refused."""
    tokens = await person_tokens(provider)
    verifier = provider.verifier(today)
    found = await verifier.verify(tokens["access_token"], [provider.issuer])
    assert not found.is_app
    assert found.subject == SubjectKey(provider.issuer.url, "ada")
    assert found.scopes == set(SCOPES.split())
    with pytest.raises(Refusal) as refused:
        await verifier.verify(tokens["id_token"], [provider.issuer])
    assert refused.value.code is Code.UNAUTHENTICATED


async def test_a_rotation_is_survived(provider: Provider, today: HeldClock) -> None:
    """Tokens by both keys verify while both are published; when the old one goes, its tokens go."""
    verifier = provider.verifier(today)
    old = await job_token(provider)
    await verifier.verify(old, [provider.issuer])
    await provider.does("rotate")
    new = await job_token(provider)
    assert jwt.get_unverified_header(new)["kid"] != jwt.get_unverified_header(old)["kid"]
    today.advance(timedelta(seconds=30))
    assert (await verifier.verify(new, [provider.issuer])).is_app
    assert (await verifier.verify(old, [provider.issuer])).is_app
    await provider.does("withdraw")
    await provider.does("rotate")
    newest = await job_token(provider)
    assert jwt.get_unverified_header(new)["kid"] != jwt.get_unverified_header(old)["kid"]
    today.advance(timedelta(seconds=30))
    assert (await verifier.verify(newest, [provider.issuer])).is_app
    with pytest.raises(Refusal) as refused:
        await verifier.verify(old, [provider.issuer])
    assert refused.value.code is Code.UNAUTHENTICATED
