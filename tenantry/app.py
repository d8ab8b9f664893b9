"""The application, put together: which parts there are, and which addresses they answer at.

`from_environment` is what each server process loads by name; `create_app` is for whoever has databases already.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from auth.authentication import Authenticator
from auth.codes import Code, Refusal
from auth.limits import Limits
from auth.tenancy import TenantSelector
from models.clock import Clock, SystemClock
from schema.build import build
from schema.graph import Graph, refused
from tenantry.check import refuse_unfit
from tenantry.databases import Databases, addresses, pools
from tenantry.drain import Drain
from tenantry.endpoint import GraphQLEndpoint, Runs
from tenantry.graphiql import Explorer
from tenantry.health import Health
from tenantry.logs import configure_logging
from tenantry.middleware import Requests
from tenantry.negotiation import MediaType
from tenantry.settings import Settings

GRAPHQL = "/graphql"


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
    graph = Graph(build(), databases.app, clock, limits(settings), deadline=settings.deadline)
    return create_app(settings, databases, graph, clock, on_end=held.close)


def create_app(
    settings: Settings, databases: Databases, graph: Runs, clock: Clock, on_end: Callable[[], None] = lambda: None
) -> Starlette:
    """The application over these databases, which it closes when its lifespan ends."""
    drain = Drain(settings.drain_delay)
    endpoint = GraphQLEndpoint(
        graph,
        Authenticator(databases.platform, clock),
        TenantSelector(databases.app, clock),
        settings.max_body_bytes,
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            await refuse_unfit(databases)
            with drain.watching():
                yield
        finally:
            await databases.close()
            on_end()

    app = Starlette(
        routes=[Route(GRAPHQL, endpoint), *Explorer().routes(), *Health(databases, drain).routes()],
        middleware=[Middleware(Requests, clock=clock, drain=drain, max_requests=settings.max_requests)],
        exception_handlers={HTTPException: _refuse},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a redirected POST is a lost one
    return app


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
