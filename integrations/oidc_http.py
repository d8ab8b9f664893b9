"""What issuers publish, by HTTPS: their metadata and their keys, bounded in time, size and where it may lead.

A fetch is rare (`auth/oidc/keys.py`), so each has a connection of its own: no cookie and no state outlives it.
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from pathlib import Path

import httpx

from auth.oidc.issuer import Issuer, IssuerKind
from auth.ports import KeySetUnavailable

# Seconds, for metadata and keys together.
TIMEOUT = 3.0
# Bytes of one document.
LARGEST = 64 * 1024
MOST_REDIRECTS = 3
HIGHEST_PORT = 65535
# What is compressed could be any size once it is not.
HEADERS = {"accept": "application/json", "accept-encoding": "identity"}


class OidcHttp:
    """Implements `auth.ports.KeySets`."""

    def __init__(self, ca_bundle: Path | None = None, timeout: float = TIMEOUT) -> None:
        """`ca_bundle` is a PEM file of authorities that are trusted besides the public ones.

        Raises:
            OSError: the file cannot be read, or holds no certificate.
        """
        self._tls = httpx.create_ssl_context()
        if ca_bundle is not None:
            self._tls.load_verify_locations(ca_bundle)
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._timeout = timeout

    async def fetch(self, issuer: Issuer) -> bytes:
        """The set at the issuer's `jwks_uri`, its own or the one that its metadata name."""
        try:
            async with asyncio.timeout(self._timeout), self._client() as client:
                address = issuer.jwks_uri or _jwks_uri(await _document(client, issuer.metadata_uri), issuer)
                return await _document(client, address)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, ValueError, RecursionError) as error:
            raise KeySetUnavailable(f"{type(error).__name__}: {error}") from error

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(verify=self._tls, timeout=self._timeout, headers=HEADERS, follow_redirects=False)


def _jwks_uri(document: bytes, issuer: Issuer) -> str:
    """Where the metadata put the keys; they have to be of that very issuer (OpenID Connect Discovery 1.0, 4.3)."""
    said = json.loads(document)
    if not isinstance(said, Mapping):
        raise KeySetUnavailable("The metadata are no JSON object.")
    # Entra answers for several tenants with a template.
    own = (issuer.url, issuer.issuer) if issuer.kind is IssuerKind.ENTRA else (issuer.url,)
    if said.get("issuer") not in own:
        raise KeySetUnavailable("The metadata are of another issuer.")
    address = said.get("jwks_uri")
    if not isinstance(address, str):
        raise KeySetUnavailable("The metadata name no jwks_uri.")
    return address


async def _document(client: httpx.AsyncClient, address: str) -> bytes:
    """What is at an address, after redirects that stay at its host and port."""
    origin = url = httpx.URL(address)
    for _ in range(1 + MOST_REDIRECTS):
        if url.scheme != "https" or (url.host, url.port) != (origin.host, origin.port):
            raise KeySetUnavailable("It leads away from HTTPS or to another host.")
        if url.port is not None and url.port > HIGHEST_PORT:
            raise KeySetUnavailable(f"It leads to a port beyond {HIGHEST_PORT}.")
        async with client.stream("GET", url) as answer:
            if answer.next_request is None:
                return await _body(answer)
            url = answer.next_request.url
    raise KeySetUnavailable("It is redirected too often.")


async def _body(answer: httpx.Response) -> bytes:
    if answer.status_code != httpx.codes.OK:
        raise KeySetUnavailable(f"It answers with status {answer.status_code}.")
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise KeySetUnavailable("It answers compressed, though it was asked not to.")
    found = bytearray()
    async for chunk in answer.aiter_raw():
        found += chunk
        if len(found) > LARGEST:
            raise KeySetUnavailable(f"It answers with more than {LARGEST} bytes.")
    return bytes(found)
