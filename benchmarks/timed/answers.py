"""Whether servers answer the same: the same things in the same order with the same values."""

import re
from typing import Any

import httpx
import orjson

from benchmarks.timed.ask import Ask

# Ours names its type before the UUID, the peers' do not.
PREFIXED = re.compile(r"[a-z]+_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
# Of many requests so many are compared, the first and the last among them.
COMPARED = 5


class Unequal(Exception):
    """A server does not answer what it is measured for."""


async def answer(client: httpx.AsyncClient, address: str, ask: Ask) -> bytes:
    """The body of an answer. Raises Unequal for any other status than 200, and for GraphQL errors."""
    response = await client.request(
        ask.method, f"http://{address}{ask.path}", content=ask.body, headers=ask.headers(), timeout=60
    )
    body = response.content
    if response.status_code != 200 or b'"errors"' in body:
        raise Unequal(f"{response.status_code}: {body[:500].decode(errors='replace')}")
    return body


def compared(asks: list[Ask]) -> list[Ask]:
    """Those whose answers are compared: a few, spread over all."""
    if len(asks) <= COMPARED:
        return asks
    return [asks[at * (len(asks) - 1) // (COMPARED - 1)] for at in range(COMPARED)]


def plain(value: Any) -> Any:
    """A value without what servers may choose: the type in an id, the order of fields."""
    if isinstance(value, dict):
        return {name: plain(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [plain(each) for each in value]
    found = PREFIXED.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else value


def difference(expected: Any, found: Any, path: str = "answer") -> str | None:
    """Where two plain values differ first, in words; None where they do not."""
    if isinstance(expected, dict) and isinstance(found, dict):
        if expected.keys() != found.keys():
            return f"{path} has {', '.join(sorted(found))}, not {', '.join(sorted(expected))}"
        pairs = [(expected[name], found[name], f"{path}.{name}") for name in expected]
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return f"{path} has {len(found)} items, not {len(expected)}"
        pairs = [(one, other, f"{path}[{at}]") for at, (one, other) in enumerate(zip(expected, found, strict=True))]
    else:
        same = type(expected) is type(found) and expected == found
        return None if same else f"{path} is {_shown(found)}, not {_shown(expected)}"
    return next((said for said in (difference(*pair) for pair in pairs) if said), None)


def _shown(value: Any) -> str:
    return orjson.dumps(value).decode()[:100]
