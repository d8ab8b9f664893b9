"""`/graphiql`: the explorer, a page and its assets from the folder `web/graphiql`, all of it ours to serve.

Nothing is fetched from elsewhere and no string is run as code: the policy that goes with each answer says so to the
browser. The assets' address carries a digest of them all, so that they may be kept for ever; the page is made anew
each time, with the nonce that GraphiQL needs for a style element of its dialogs. People may sign in at issuers that
are set up for it: their origins are the one thing that this widens, and what the page is told of them anybody may see.
"""

import gzip
import hashlib
import html
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import schema
from auth.oidc.browser import BrowserClient

EXPLORER = "/graphiql"
# Beside the rooms, in a checkout as in an installed wheel.
FOLDER = Path(schema.__file__).parents[1] / "web" / "graphiql"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",  # its WebSockets too
    "font-src": "data:",  # inside GraphiQL's style sheet
    "img-src": "'self' data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
# What a page is made of, quotation marks included: nothing that is put between such marks can look like them.
ASSETS, ISSUERS, NONCE = '"assets/', '"ISSUERS"', '"NONCE"'
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """A file as it is sent."""

    body: bytes
    content_type: str

    @cached_property
    def etag(self) -> str:
        """Weak, as it stands for the file with and without compression."""
        return f'W/"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    @cached_property
    def compressed(self) -> bytes:
        """With gzip; made when it is first asked for."""
        return gzip.compress(self.body, mtime=0)

    def answer(self, request: Request) -> Response:
        """The whole, or that it has not changed."""
        headers = {**HEADERS, **policy(), "cache-control": FOR_EVER, "etag": self.etag, "vary": "accept-encoding"}
        if self.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        headers["content-type"] = self.content_type
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self.compressed, headers={**headers, "content-encoding": "gzip"})
        return Response(self.body, headers=headers)


class Explorer:
    """The page at `/graphiql` and what it is made of, read once."""

    def __init__(self, clients: Sequence[BrowserClient] = (), folder: Path = FOLDER) -> None:
        """`clients` are what people may sign in by.

        Raises:
            OSError: the folder is missing, which a broken installation is.
        """
        files = [file for file in sorted(folder.iterdir()) if file.suffix in TYPES]
        self._assets = {file.name: Asset(file.read_bytes(), TYPES[file.suffix]) for file in files}
        digest = hashlib.sha256("".join(asset.etag for asset in self._assets.values()).encode()).hexdigest()[:16]
        self._at = f"{EXPLORER}/{digest}"
        page = (folder / "index.html").read_text(encoding="utf-8").replace(ASSETS, f'"{self._at}/')
        self._page = page.replace(ISSUERS, f'"{html.escape(json.dumps([_told(client) for client in clients]))}"')
        self._origins = tuple(dict.fromkeys(origin for client in clients for origin in client.origins))

    def routes(self) -> list[Route]:
        """The page and its assets."""
        return [Route(EXPLORER, self._show), Route(f"{self._at}/{{name}}", self._asset)]

    async def _show(self, _request: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        headers = {**HEADERS, **policy(nonce, self._origins), "cache-control": "no-store"}
        return Response(self._page.replace(NONCE, f'"{nonce}"'), headers=headers, media_type="text/html")

    async def _asset(self, request: Request) -> Response:
        asset = self._assets.get(request.path_params["name"])
        if asset is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return asset.answer(request)


def policy(nonce: str | None = None, origins: Sequence[str] = ()) -> dict[str, str]:
    """The Content-Security-Policy; `nonce` allows style elements that carry it, `origins` may be asked by scripts."""
    styles = POLICY["style-src"] + (f" 'nonce-{nonce}'" if nonce else "")
    directives = {**POLICY, "style-src": styles, "connect-src": " ".join((POLICY["connect-src"], *origins))}
    return {"content-security-policy": "; ".join(f"{what} {where}" for what, where in directives.items())}


def _told(client: BrowserClient) -> dict[str, object]:
    """What sign_in.js needs to know."""
    return {
        "issuer": client.issuer.url,
        "metadata": client.issuer.metadata_uri,
        "clientId": client.client_id,
        "scope": client.scope,
        "label": client.label,
        "parameters": client.parameters,
        "origins": client.origins,
    }
