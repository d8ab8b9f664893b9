"""A real issuer of OpenID Connect, the oidc-provider of npm, over TLS with an authority of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from auth.oidc.issuer import Issuer
from auth.oidc.keys import Keys
from auth.oidc.verifier import Verifier
from integrations.oidc_http import OidcHttp
from tests.certificates import Certificates, make_certificates
from tests.clock import HeldClock
from tests.node_packages import installed, listening
from tests.oidc import AUDIENCE


@dataclass(frozen=True, slots=True)
class Provider:
    """The issuer, a client that trusts its authority, and the address by which a test turns its keys."""

    issuer: Issuer
    certificates: Certificates
    control: str

    async def does(self, what: str) -> None:
        """`rotate` or `withdraw`."""
        async with httpx.AsyncClient() as client:
            (await client.post(f"{self.control}/{what}")).raise_for_status()

    def client(self) -> httpx.AsyncClient:
        """A browser, or a program."""
        context = httpx.create_ssl_context()
        context.load_verify_locations(self.certificates.authority)
        return httpx.AsyncClient(verify=context, base_url=self.issuer.url, timeout=30)

    def verifier(self, clock: HeldClock) -> Verifier:
        """With no key and no token yet."""
        return Verifier(Keys(OidcHttp(self.certificates.authority, timeout=30), clock), clock)


@asynccontextmanager
async def providing(folder: Path) -> AsyncIterator[Provider]:
    """It runs until the block ends; `folder` holds its program and its certificates."""
    certificates = make_certificates(folder)
    program = await installed("oidc", folder)
    files = (str(certificates.certificate), str(certificates.key))
    async with listening("node", "issuer.js", *files, AUDIENCE, folder=program) as control:
        async with httpx.AsyncClient() as client:
            url = (await client.get(control)).text
        yield Provider(Issuer(url, AUDIENCE), certificates, control)
