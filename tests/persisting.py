"""Requests that name their document instead of sending it."""

import json
from hashlib import sha256
from typing import Any

import httpx

from tests.http import GRAPHQL

DEVICES = "query Devices { devices(first: 5) { nodes { serial } } }"
NOT_FOUND = "PersistedQueryNotFound"


def hash_of(document: str) -> str:
    """As clients reckon it."""
    return sha256(document.encode()).hexdigest()


def named(hashed: str, query: str | None = None, **more: Any) -> dict[str, Any]:
    """A request by hash, with its document or without."""
    request = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hashed}}, **more}
    return request if query is None else {"query": query, **request}


async def post(client: httpx.AsyncClient, request: dict[str, Any], accept: str = GRAPHQL) -> httpx.Response:
    """Send it by POST."""
    return await client.post("/graphql", json=request, headers={"accept": accept})


async def get(client: httpx.AsyncClient, request: dict[str, Any], accept: str = GRAPHQL) -> httpx.Response:
    """Send it by GET."""
    params = {name: each if isinstance(each, str) else json.dumps(each) for name, each in request.items()}
    return await client.get("/graphql", params=params, headers={"accept": accept})


async def keep(client: httpx.AsyncClient, document: str) -> str:
    """Have it kept; its hash."""
    hashed = hash_of(document)
    response = await post(client, named(hashed, document))
    assert "errors" not in response.json(), response.text
    return hashed
