"""The application, put together: which parts there are, and which addresses they answer at.

`from_environment` is what each server process loads by name; `create_app` is for whoever has databases already.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import ExitStack, asynccontextmanager
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import WebSocketRoute

from auth.authentication import Authenticator
from auth.codes import Code, Refusal
from auth.counters import Counters, InProcessCounters
from auth.limits import Limits
from auth.oidc.keys import Keys
from auth.oidc.verifier import Verifier
from auth.sign_in import SignIn
from auth.standing import Callers
from auth.tenancy import TenantSelector
from auth.throttle import Throttle
from auth.usage import Usage
from auth.verifying import Credentials
from integrations.oidc_http import OidcHttp
from integrations.redis_counters import RedisCounters
from integrations.redis_documents import RedisDocuments
from integrations.redis_wakes import RedisWakes
from models.clock import Clock, SystemClock
from resolvers.auditing.archive import Archive
from resolvers.auditing.watch import AuditWatch
from resolvers.following.feeds import Feeds
from resolvers.following.postgres import PostgresWakes
from resolvers.signing_in import SigningIn
from schema.answers import refused
from schema.build import build
from schema.graph import Graph
from schema.persisted import PersistedOperations
from schema.safelist import Mode, Safelist
from tenantry.addresses import BehindProxies
from tenantry.check import refuse_unfit
from tenantry.databases import Databases, addresses, pools
from tenantry.drain import Drain
from tenantry.endpoint import GraphQLEndpoint, Runs
from tenantry.exports import Exports
from tenantry.front import GRAPHQL, Front
from tenantry.graphiql import Explorer
from tenantry.health import Health
from tenantry.issuers import read_trusts
from tenantry.logs import configure_logging
from tenantry.middleware import Requests
from tenantry.negotiation import MediaType
from tenantry.operations_file import read_manifest
from tenantry.published_keys import PublishedKeys
from tenantry.settings import Settings
from tenantry.websocket.endpoint import WebSocketEndpoint


def from_environment() -> Starlette:
    """The application as its settings say; it holds the embedded server, where that is used, until it ends.

    Raises:
        SettingsError, EmbeddedUnavailable: they name the fix.
    """
    settings = Settings.from_environment()
    configure_logging(settings.log_format, settings.log_level)
    held = ExitStack()
    databases = pools(held.enter_context(addresses(settings)), settings)
    clock = SystemClock()
    wakes = RedisWakes(settings.redis_url) if settings.redis_url else PostgresWakes(databases.app)
    feeds = Feeds(databases.app, wakes)
    bounds = limits(settings)
    graph = Graph(
        build(),
        databases.app,
        clock,
        bounds,
        feeds=feeds,
        deadline=settings.deadline,
        credentials=Credentials(databases.platform),
        archive=archive_of(settings),
    )
    shared = RedisDocuments(settings.redis_url, clock) if settings.redis_url else None
    manifest = read_manifest(settings.operations, graph.documents, bounds)
    operations = PersistedOperations(graph, Safelist(manifest, Mode(settings.operations_mode), clock), shared=shared)
    return create_app(
        settings, databases, operations, clock, beside=[feeds.run], closing=[operations.close], on_end=held.close
    )


def create_app(
    settings: Settings,
    databases: Databases,
    graph: Runs,
    clock: Clock,
    *,
    beside: Iterable[Callable[[], Coroutine[Any, Any, None]]] = (),
    closing: Iterable[Callable[[], Coroutine[Any, Any, None]]] = (),
    on_end: Callable[[], None] = lambda: None,
) -> Starlette:
    """The application over these databases, which it closes when its lifespan ends.

    `beside` runs until then; `closing` and at last `on_end` are called.
    """
    drain = Drain(settings.drain_delay)
    counters = counters_of(settings, clock)
    throttle = Throttle(counters, settings.auth_failures)
    usage = Usage(databases.app, clock)
    watch = AuditWatch(databases.app, clock)
    keys = Keys(OidcHttp(settings.ca_bundle), clock)
    trusts = read_trusts(settings.issuers)
    sign_ins = SigningIn(databases.app, clock)
    sign_in = SignIn(Verifier(keys, clock), trusts, databases.platform, clock, sign_ins)
    authenticator = Authenticator(databases.platform, clock, sign_in=sign_in if settings.issuers else None)
    callers = Callers(authenticator, TenantSelector(databases.app, clock), throttle, clock, usage, watch=watch)
    endpoint = GraphQLEndpoint(graph, callers, drain.ending, settings.max_body_bytes)
    sockets = WebSocketEndpoint(
        graph, callers, clock, origins=settings.origins, max_connections=settings.max_connections
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            await refuse_unfit(databases)
            running = [asyncio.create_task(each()) for each in (*beside, usage.run, watch.run)]
            with drain.watching():
                yield
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        finally:
            for close in (*closing, counters.close, keys.close):
                await close()
            await databases.close()
            on_end()

    app = Starlette(
        routes=[
            WebSocketRoute(GRAPHQL, sockets),
            *Exports(graph, callers).routes(),
            *PublishedKeys(archive_of(settings)).routes(),
            *Explorer([trust.browser for trust in trusts if trust.browser]).routes(),
            *Health(databases, drain).routes(),
        ],
        exception_handlers={HTTPException: _refuse},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a redirected POST is a lost one
    requests = Requests(Front(endpoint, app.build_middleware_stack()), clock, drain, settings.max_requests)
    proxies = settings.trusted_proxies
    app.middleware_stack = BehindProxies(requests, proxies) if proxies else requests
    return app


def archive_of(settings: Settings) -> Archive:
    """Where `tenantry audit checkpoint` keeps keys and checkpoints, unless it is told another folder."""
    return Archive(settings.home / "audit")


def counters_of(settings: Settings, clock: Clock) -> Counters:
    """Those of all processes together in Redis, where that is set; while it is down, none allows what all may."""
    if settings.redis_url is None:
        return InProcessCounters(clock)
    return RedisCounters(settings.redis_url, clock, InProcessCounters(clock, weight=settings.workers))


def limits(settings: Settings) -> Limits:
    """The bounds on documents, of which some are settings."""
    return Limits(
        tokens=settings.max_tokens,
        depth=settings.max_depth,
        aliases=settings.max_aliases,
        directives=settings.max_directives,
        fields=settings.max_fields,
        operations=settings.max_operations,
        nodes=settings.max_nodes,
        values=settings.max_values,
        entities=settings.max_entities,
    )


async def _refuse(request: Request, error: Exception) -> Response:
    """What Starlette's router refuses, in the one form that refusals have here."""
    assert isinstance(error, HTTPException)
    code = Code.METHOD_NOT_ALLOWED if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED else Code.NOT_FOUND
    answer = refused(Refusal(code, f"{code.meaning.rstrip('.')}: {request.method} {request.url.path}."))
    headers = {**(error.headers or {}), "cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(answer.body, answer.status, headers, MediaType.JSON)
