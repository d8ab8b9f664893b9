"""Signing in while accounts go and databases are down: a refusal that says so, never a fault of ours."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from auth.authentication import Authenticator
from auth.codes import Code
from auth.counters import InProcessCounters
from auth.oidc.keys import Keys
from auth.oidc.trust import Trust
from auth.oidc.verifier import Verifier
from auth.ports import Signing
from auth.sign_in import GONE, SignIn
from auth.standing import Callers
from auth.tenancy import TenantSelector
from auth.throttle import Throttle
from models.database import Database
from schema.graph import Graph
from tenantry.databases import Databases
from tenantry.drain import Drain
from tenantry.endpoint import GraphQLEndpoint
from tenantry.middleware import Requests
from tests.accounts import COHORTS, refusal, server
from tests.clock import HeldClock
from tests.estate import Estate
from tests.http import code
from tests.oidc import ISSUER, published, token


async def test_an_account_that_goes_while_it_signs_in_is_refused(
    databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """401 and not a fault of ours: the next request makes a new one."""

    class Gone:
        """Implements `auth.ports.SignIns`: whoever signs in is deleted at once."""

        async def signed_in(self, signing: Signing) -> None:
            """Nothing is left of it."""

    verifier = Verifier(Keys(published(), clock), clock)
    sign_in = SignIn(verifier, [Trust(acme.tenant.slug, ISSUER, COHORTS)], databases.platform, clock, Gone())
    refused = await refusal(Authenticator(databases.platform, clock, sign_in=sign_in), token())
    assert (refused.code, refused.message) == (Code.UNAUTHENTICATED, GONE)


@pytest.mark.parametrize("down", ["app", "platform"])
async def test_a_database_that_is_down_at_a_sign_in_is_unavailable(
    databases: Databases, clock: HeldClock, acme: Estate, graph: Graph, down: str
) -> None:
    """503, to be tried again, whether the account cannot be looked up or cannot be written."""
    nobody = Database("postgresql+asyncpg://tenantry_app@127.0.0.1:1/none")
    app_, platform = (nobody if down == name else getattr(databases, name) for name in ("app", "platform"))
    broken = Databases(app_, platform, None)
    authenticator = server(broken, clock, acme)
    callers = Callers(authenticator, TenantSelector(databases.app, clock), Throttle(InProcessCounters(clock)), clock)
    drain = Drain(0)
    app = Starlette(
        routes=[Route("/graphql", GraphQLEndpoint(graph, callers, drain.ending, 10_000))],
        middleware=[Middleware(Requests, clock=clock, drain=drain, max_requests=9)],
    )
    headers = {"authorization": f"Bearer {token()}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tenantry.test") as client:
        response = await client.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
    assert (response.status_code, code(response)) == (503, "UNAVAILABLE")
    assert response.headers["retry-after"] == "1"
    await nobody.close()
