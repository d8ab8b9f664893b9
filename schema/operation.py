"""What a door hands to the graph, and what it gets back."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple


class PlanWanted(StrEnum):
    """How PostgreSQL means to run the statement of an operation; or how it does when it runs it once more."""

    EXPLAIN = "explain"
    ANALYZE = "analyze"


@dataclass(slots=True)
class OperationRequest:
    """A GraphQL request, taken out of its HTTP message; `mutations` is false for requests that must be safe (GET).

    `idempotency_key` is the header of that name: each mutation field of a request that is sent twice runs once.

    With a `plan` the answer tells too which way the operation went.

    `document_id` names the document: alone, where `query` is empty, or beside it, as its SHA-256. What is `ours` was
    written by us, for an address of its own, and no list of operations has to name it.
    """

    query: str
    variables: dict[str, Any] = field(default_factory=dict)
    operation_name: str | None = None
    mutations: bool = True
    idempotency_key: str | None = None
    document_id: str | None = None
    ours: bool = False
    plan: PlanWanted | None = None


class Answer(NamedTuple):
    """A GraphQL response as JSON bytes; `status` is the HTTP status for `application/graphql-response+json`."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
