"""How a request names its document: by `extensions.persistedQuery`, as Apollo's clients do, or by `documentId`.

A hash beside a document has to be that document's: whatever is kept under a hash is what it names.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from auth.codes import Code, Refusal

VERSION = 1
# Characters.
LONGEST = 200
# What the draft of persisted documents for GraphQL over HTTP writes before a hash.
PREFIX = "sha256:"


def document_id(sent: Mapping[str, Any]) -> str | None:
    """The hash, or the id out of a list of operations; None where the document itself is all that there is.

    `sent` is a request whose `query` and `extensions` were looked at already. Raises Refusal (BAD_REQUEST).
    """
    # graphql-ws sends no request without a `query`: where there is none, clients send an empty one.
    query, persisted = sent.get("query") or None, (sent.get("extensions") or {}).get("persistedQuery")
    named = sent.get("documentId")
    if persisted is None and named is None:
        return None
    if persisted is None:
        if query is not None:
            raise _bad("Send `query` or `documentId`, not both.")
        return _text("documentId", named).removeprefix(PREFIX)
    if named is not None:
        raise _bad("Name the document once: by `documentId` or by `extensions.persistedQuery`.")
    return _hash(persisted, query)


def _hash(persisted: Any, query: str | None) -> str:
    if not isinstance(persisted, dict) or persisted.get("version") != VERSION:
        raise _bad('`extensions.persistedQuery` is not {"version": 1, "sha256Hash": "…"}; there is no other version.')
    named = _text("extensions.persistedQuery.sha256Hash", persisted.get("sha256Hash"))
    if query is not None and named != sha256(query.encode()).hexdigest():
        raise _bad("`sha256Hash` is not that of `query`: send the SHA-256 of its UTF-8, in lower-case hexadecimal.")
    return named


def _text(what: str, named: Any) -> str:
    if not isinstance(named, str) or not 0 < len(named) <= LONGEST:
        raise _bad(f"`{what}` is not a string of 1 to {LONGEST} characters.")
    return named


def _bad(message: str) -> Refusal:
    return Refusal(Code.BAD_REQUEST, message)
