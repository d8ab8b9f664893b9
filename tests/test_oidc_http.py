"""What issuers publish is fetched by HTTPS, from where they are, within three seconds and 64 KiB, or not at all."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from auth.codes import Code, Refusal
from auth.oidc.issuer import TENANT_ID, Issuer, entra
from auth.oidc.keys import Keys
from auth.ports import KeySetUnavailable
from integrations.oidc_http import LARGEST, TIMEOUT, OidcHttp
from tests.certificates import Certificates, make_certificates
from tests.clock import HeldClock
from tests.https_site import SET, Site, running
from tests.oidc import API, AUDIENCE, TID

METADATA = "/.well-known/openid-configuration"
# Seconds: more than an answer takes on a busy machine, and less than anybody waits for none.
LONG, SHORT = 30.0, 0.3


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Of the servers of these tests."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def site(certificates: Certificates) -> AsyncIterator[Site]:
    """A site that says nothing yet."""
    async with running(certificates) as site:
        yield site


@pytest.fixture
def http(certificates: Certificates) -> OidcHttp:
    """That trusts the authority of these tests."""
    return OidcHttp(certificates.authority, timeout=LONG)


def issuer_at(site: Site, **more: Any) -> Issuer:
    """An issuer whose address is the site's."""
    return Issuer(site.url, AUDIENCE, **more)


async def fails(http: OidcHttp, issuer: Issuer) -> str:
    """Why nothing is to be had."""
    with pytest.raises(KeySetUnavailable) as failed:
        await http.fetch(issuer)
    return str(failed.value)


async def test_metadata_tell_where_the_keys_are(site: Site, http: OidcHttp) -> None:
    """The two are fetched one after the other."""
    site.publishes(issuer_at(site))
    assert await http.fetch(issuer_at(site)) == SET
    assert site.asked == [METADATA, "/keys"]


async def test_metadata_are_not_asked_where_the_keys_are_known(site: Site, http: OidcHttp) -> None:
    """An issuer need not have any."""
    site.says("/keys", SET)
    assert await http.fetch(issuer_at(site, jwks_uri=f"{site.url}/keys")) == SET
    assert site.asked == ["/keys"]


async def test_metadata_of_entra_may_be_a_template(site: Site, http: OidcHttp) -> None:
    """Those of one tenant name it, those of all say {tenantid}."""
    issuer = entra(TID, API, site.url)
    site.publishes(issuer)
    assert await http.fetch(issuer) == SET
    site.publishes(issuer, issuer=f"{site.url}/{TENANT_ID}/v2.0")
    assert await http.fetch(issuer) == SET


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"issuer": "https://another.example"}, "another issuer"),
        ({"issuer": None}, "another issuer"),
        ({"issuer": ["https://localhost"]}, "another issuer"),
        ({"jwks_uri": None}, "no jwks_uri"),
        ({"jwks_uri": "http://localhost/keys"}, "HTTPS"),
        ({"jwks_uri": "file:///etc/passwd"}, "HTTPS"),
        ({"jwks_uri": "//"}, "HTTPS"),
        ({"jwks_uri": "https://localhost:99999/"}, "65535"),
        ({"jwks_uri": "https://\0/"}, "InvalidURL"),
        ({"jwks_uri": "https://" + "a" * 300 + ".example/"}, ""),
    ],
)
async def test_metadata_that_are_wrong_lead_nowhere(
    metadata: dict[str, Any], reason: str, site: Site, http: OidcHttp
) -> None:
    """Another issuer's are not taken for this one's, and keys come by HTTPS alone."""
    site.publishes(issuer_at(site), **metadata)
    assert reason in await fails(http, issuer_at(site))
    assert site.asked == [METADATA]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"<html>", b"\xff", b"[" * 60_000, b'{"issuer": 1' + b"0" * 5000]
)
async def test_metadata_that_are_nonsense_are_an_outage(body: bytes, site: Site, http: OidcHttp) -> None:
    """Whatever is there instead of a JSON object."""
    site.says(METADATA, body)
    await fails(http, issuer_at(site))


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified", "404 Not Found", "500 Oops", "302 Found"])
async def test_another_status_is_an_outage(status: str, site: Site, http: OidcHttp) -> None:
    """A redirect that leads nowhere among them."""
    site.says(METADATA, b"" if status[0] != "5" else SET, status)
    assert status[:3] in await fails(http, issuer_at(site))


async def test_a_redirect_within_the_host_is_followed(site: Site, http: OidcHttp) -> None:
    """Three at most."""
    for number in range(4):
        site.says(f"/{number}", b"", "302 Found", location=f"/{number + 1}")
    site.says("/4", SET)
    assert await http.fetch(issuer_at(site, jwks_uri=f"{site.url}/1")) == SET
    assert "too often" in await fails(http, issuer_at(site, jwks_uri=f"{site.url}/0"))


async def test_a_redirect_to_another_host_is_not_followed(
    site: Site, http: OidcHttp, certificates: Certificates
) -> None:
    """Another port is another host; so are the cloud's metadata."""
    async with running(certificates) as other:
        other.says("/keys", SET)
        for away in (f"{other.url}/keys", "http://169.254.169.254/", site.url.replace("https", "http"), "ftp://x/"):
            site.says("/keys", b"", "307 Temporary Redirect", location=away)
            await fails(http, issuer_at(site, jwks_uri=f"{site.url}/keys"))
        assert other.asked == []


async def test_the_size_is_bounded(site: Site, http: OidcHttp) -> None:
    """To the byte."""
    issuer = issuer_at(site, jwks_uri=f"{site.url}/keys")
    site.says("/keys", b" " * LARGEST)
    assert len(await http.fetch(issuer)) == LARGEST
    site.says("/keys", b" " * (LARGEST + 1))
    assert str(LARGEST) in await fails(http, issuer)


async def test_an_answer_without_an_end_is_cut_off(site: Site, http: OidcHttp) -> None:
    """Nobody reads on to see how large it would have been."""
    site.answers["/keys"] = _endless
    assert str(LARGEST) in await fails(http, issuer_at(site, jwks_uri=f"{site.url}/keys"))


async def test_a_compressed_answer_is_not_taken(site: Site, http: OidcHttp) -> None:
    """A few bytes could be gigabytes."""
    site.says("/keys", b"\x1f\x8b", content_encoding="gzip")
    assert "compressed" in await fails(http, issuer_at(site, jwks_uri=f"{site.url}/keys"))


async def test_a_stranger_with_a_certificate_of_nobody_is_not_asked(site: Site) -> None:
    """Without the authority of these tests the server is nobody."""
    site.publishes(issuer_at(site))
    assert "CERTIFICATE_VERIFY_FAILED" in await fails(OidcHttp(timeout=LONG), issuer_at(site))
    assert site.asked == []


async def test_a_certificate_for_another_name_is_refused(site: Site, http: OidcHttp) -> None:
    """The certificate is localhost's."""
    assert "CERTIFICATE_VERIFY_FAILED" in await fails(
        http, Issuer(site.url.replace("localhost", "127.0.0.1"), AUDIENCE)
    )


async def test_a_black_hole_is_given_up_after_three_seconds(
    site: Site, clock: HeldClock, certificates: Certificates
) -> None:
    """It takes the request and never answers; so does one that dribbles. Callers are told to come again."""
    assert OidcHttp(certificates.authority)._timeout == TIMEOUT == 3
    http = OidcHttp(certificates.authority, timeout=SHORT)
    for hole in (_silence, _dribble):
        site.answers[METADATA] = hole
        async with asyncio.timeout(LONG):
            with pytest.raises(Refusal) as refusal:
                await Keys(http, clock).get(issuer_at(site), "main")
        assert refusal.value.code is Code.UNAVAILABLE


async def test_a_host_where_nobody_listens_is_an_outage(http: OidcHttp) -> None:
    """The connection is refused at once."""
    await fails(http, Issuer("https://localhost:1", AUDIENCE))


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_bad_bundle_is_found_at_start_up(content: bytes | None, tmp_path: Path) -> None:
    """Not there, empty, or no certificate."""
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)
    with pytest.raises(OSError, match=r".") as failed:
        OidcHttp(bundle)
    assert isinstance(failed.value, FileNotFoundError | ssl.SSLError)


async def _endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
    while True:
        writer.write(b" " * LARGEST)
        await writer.drain()


async def _silence(writer: asyncio.StreamWriter) -> None:
    await writer.wait_closed()


async def _dribble(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(SHORT / 10)
