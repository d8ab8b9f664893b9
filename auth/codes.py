"""What a refusal is called: the closed vocabulary of `extensions.code`, one HTTP status each (law 12).

Published, forever: a code may be added, none renamed, removed or given another status.
"""

from enum import StrEnum
from http import HTTPStatus
from typing import Self

from auth.attempts import Attempt


class Code(StrEnum):
    """Grammar: UPPER_SNAKE_CASE; `LIMIT_…` names the bound that a document crosses."""

    status: HTTPStatus
    meaning: str

    def __new__(cls, value: str, status: HTTPStatus, meaning: str) -> Self:
        """A code is its name; the status and the meaning travel with it."""
        code = str.__new__(cls, value)
        code._value_ = value
        code.status = status
        code.meaning = meaning
        return code

    # Apollo's clients send the document after a 200 alone: some look no further at any other status.
    PERSISTED_QUERY_NOT_FOUND = (
        "PERSISTED_QUERY_NOT_FOUND",
        HTTPStatus.OK,
        "No document is kept under that hash or id; send it in full, with its hash.",
    )
    BAD_REQUEST = "BAD_REQUEST", HTTPStatus.BAD_REQUEST, "The request is not well formed."
    BAD_USER_INPUT = (
        "BAD_USER_INPUT",
        HTTPStatus.BAD_REQUEST,
        "An argument or variable has a value that is refused.",
    )
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED", HTTPStatus.BAD_REQUEST, "The document is not GraphQL."
    GRAPHQL_VALIDATION_FAILED = (
        "GRAPHQL_VALIDATION_FAILED",
        HTTPStatus.BAD_REQUEST,
        "The document does not fit the schema.",
    )
    LIMIT_TOKENS = "LIMIT_TOKENS", HTTPStatus.BAD_REQUEST, "The document has too many tokens."
    LIMIT_DEPTH = "LIMIT_DEPTH", HTTPStatus.BAD_REQUEST, "The document nests too deep."
    LIMIT_ALIASES = "LIMIT_ALIASES", HTTPStatus.BAD_REQUEST, "The document has too many aliases."
    LIMIT_DIRECTIVES = "LIMIT_DIRECTIVES", HTTPStatus.BAD_REQUEST, "The document has too many directives."
    LIMIT_FIELDS = (
        "LIMIT_FIELDS",
        HTTPStatus.BAD_REQUEST,
        "The document selects too many fields, fragments expanded.",
    )
    LIMIT_OPERATIONS = "LIMIT_OPERATIONS", HTTPStatus.BAD_REQUEST, "The document has too many operations."
    LIMIT_NODES = "LIMIT_NODES", HTTPStatus.BAD_REQUEST, "The page sizes multiply to too many nodes."
    LIMIT_ENTITIES = "LIMIT_ENTITIES", HTTPStatus.BAD_REQUEST, "Too many ids or representations at once."
    TENANT_AMBIGUOUS = (
        "TENANT_AMBIGUOUS",
        HTTPStatus.BAD_REQUEST,
        "The tenant is named twice, blank or as a list.",
    )
    UNAUTHENTICATED = "UNAUTHENTICATED", HTTPStatus.UNAUTHORIZED, "No token, or not a good one."
    FORBIDDEN_SCOPE = (
        "FORBIDDEN_SCOPE",
        HTTPStatus.FORBIDDEN,
        "The token lacks a scope that a field asks for.",
    )
    OPERATION_NOT_LISTED = (
        "OPERATION_NOT_LISTED",
        HTTPStatus.FORBIDDEN,
        "The server runs listed operations alone, and this is none of them.",
    )
    TENANT_SUSPENDED = "TENANT_SUSPENDED", HTTPStatus.FORBIDDEN, "The caller's own tenant is suspended."
    NOT_FOUND = "NOT_FOUND", HTTPStatus.NOT_FOUND, "There is no such thing, or not for this caller."
    TENANT_NOT_FOUND = (
        "TENANT_NOT_FOUND",
        HTTPStatus.NOT_FOUND,
        "There is no such tenant, or not for this caller.",
    )
    METHOD_NOT_ALLOWED = (
        "METHOD_NOT_ALLOWED",
        HTTPStatus.METHOD_NOT_ALLOWED,
        "The address has no such method.",
    )
    NOT_ACCEPTABLE = (
        "NOT_ACCEPTABLE",
        HTTPStatus.NOT_ACCEPTABLE,
        "No media type that is accepted can be given.",
    )
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large."
    UNSUPPORTED_MEDIA_TYPE = (
        "UNSUPPORTED_MEDIA_TYPE",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "The body is not of a media type that is read here.",
    )
    SLOW_READER = (
        "SLOW_READER",
        HTTPStatus.TOO_MANY_REQUESTS,
        "A stream's reader fell too far behind; it goes on where it was with sinceEvent.",
    )
    RATE_LIMITED = "RATE_LIMITED", HTTPStatus.TOO_MANY_REQUESTS, "Too many requests; Retry-After tells when."
    INTERNAL = (
        "INTERNAL",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "A fault of ours; the error id finds it in the logs.",
    )
    UNAVAILABLE = "UNAVAILABLE", HTTPStatus.SERVICE_UNAVAILABLE, "The database does not answer; try again."
    TIMEOUT = "TIMEOUT", HTTPStatus.GATEWAY_TIMEOUT, "The operation outlived its deadline and was stopped."


class Refusal(Exception):
    """A request that is refused as a whole: nothing ran. The message says what to do and shows no internals."""

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        extensions: dict[str, object] | None = None,
        attempt: Attempt | None = None,
    ) -> None:
        """`headers` go with the HTTP answer; `extensions` stand beside `code` in a GraphQL error.

        `attempt` is what the audit is told of it and the caller is not.
        """
        super().__init__(message)
        self.code = code
        self.message = message
        self.headers = headers
        self.extensions = extensions or {}
        self.attempt = attempt
