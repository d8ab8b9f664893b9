"""Which way a request goes: to `/graphql` at once, to anything else by Starlette's router."""

from starlette.types import ASGIApp, Receive, Scope, Send

GRAPHQL = "/graphql"


class Front:
    """Pure ASGI. Most requests are for one address, and a router costs as much as a good part of their work."""

    def __init__(self, graphql: ASGIApp, others: ASGIApp) -> None:
        self._graphql = graphql
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        here = scope["type"] == "http" and scope["path"] == GRAPHQL
        await (self._graphql if here else self._others)(scope, receive, send)
