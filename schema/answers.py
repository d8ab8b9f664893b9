"""What callers are told: answers as JSON, refusals and faults among them (law 5).

What a caller can mend is said in words; a fault of ours reaches it as an error id and nothing else.
"""

import uuid
from typing import Any

import orjson
import structlog
from graphql import ExecutionResult, GraphQLError

from auth.codes import Code, Refusal
from loaders.window import BadArgument
from models.faults import is_outage, is_timeout
from schema.operation import Answer

log = structlog.get_logger("tenantry.graph")


class InvalidDocument(Exception):
    """A document that does not fit the schema."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("invalid document")
        self.errors = errors


def answer(status: int, body: dict[str, Any], headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """A GraphQL response."""
    return Answer(int(status), orjson.dumps(body), headers)


def refused(refusal: Refusal) -> Answer:
    """A refusal as a GraphQL response without data."""
    extensions = {"code": refusal.code, **refusal.extensions}
    return answer(
        refusal.code.status,
        {"errors": [{"message": refusal.message, "extensions": extensions}]},
        refusal.headers,
    )


def invalid(document: InvalidDocument) -> Answer:
    """What does not fit the schema, each with its place in the document."""
    return answer(400, {"errors": [_formatted(error, Code.GRAPHQL_VALIDATION_FAILED) for error in document.errors]})


def misfit(document: InvalidDocument) -> Refusal:
    """The same of a document that was not sent to be run; its places are in it, not in the one that is answered."""
    errors = [error.formatted for error in document.errors]
    return Refusal(Code.GRAPHQL_VALIDATION_FAILED, errors[0]["message"], extensions={"errors": errors})


def unavailable() -> Refusal:
    """The database does not answer."""
    return Refusal(Code.UNAVAILABLE, "The database does not answer; try again.", headers=(("Retry-After", "1"),))


def too_long(deadline: float) -> Refusal:
    """An operation was stopped after `deadline` seconds."""
    return Refusal(Code.TIMEOUT, f"The operation took longer than {deadline:g} s and was stopped; ask for less.")


def shown(result: ExecutionResult, deadline: float) -> Answer:
    """An operation's result; `deadline` in seconds, for those that were stopped."""
    if not result.errors:
        return answer(200, {"data": result.data})
    # What is committed is told, whatever became of the fields after it; where nothing was answered, all failed.
    if not any(value is not None for value in (result.data or {}).values()):
        for error in result.errors:
            failed = failure(error.original_error, deadline)
            if failed is not None:
                return refused(failed)
    errors = [_shown_error(error, deadline) for error in result.errors]
    if result.data is None and all(error.path is None for error in result.errors):
        return answer(400, {"errors": errors})
    return answer(200, {"data": result.data, "errors": errors})


def not_begun(result: ExecutionResult, deadline: float) -> Answer:
    """Why a subscription did not begin."""
    errors = result.errors or []
    for cause in (error.original_error for error in errors):
        refusal = cause if isinstance(cause, Refusal) else failure(cause, deadline)
        if refusal is not None:
            return refused(refusal)
    told = [_shown_error(error, deadline) for error in errors]
    return answer(told[0]["extensions"]["code"].status, {"errors": told})


def failure(cause: Exception | None, deadline: float) -> Refusal | None:
    """An outage or a deadline, which is nobody's fault and may be over in a moment; None for anything else."""
    if cause is not None and is_outage(cause):
        log.warning("database unavailable", error=repr(cause))
        return unavailable()
    return too_long(deadline) if cause is not None and is_timeout(cause) else None


def fault(cause: BaseException, **known: Any) -> tuple[str, dict[str, Any]]:
    """The message and extensions of a fault of ours, which is logged under its error id."""
    error_id = uuid.uuid4().hex
    log.error("unexpected exception", error_id=error_id, exc_info=cause, **known)
    return f"Something went wrong on our side; error id {error_id}.", {"code": Code.INTERNAL, "errorId": error_id}


def _shown_error(error: GraphQLError, deadline: float) -> dict[str, Any]:
    failed = failure(error.original_error, deadline)
    if failed is not None:
        return {**error.formatted, "message": failed.message, "extensions": {"code": failed.code}}
    return _formatted(error, Code.BAD_USER_INPUT)


def _formatted(error: GraphQLError, code: Code) -> dict[str, Any]:
    shown = error.formatted
    cause = error.original_error
    if isinstance(cause, Refusal):
        return {**shown, "message": cause.message, "extensions": {"code": cause.code, **cause.extensions}}
    if isinstance(cause, BadArgument):
        return {**shown, "message": f"{str(cause).capitalize()}.", "extensions": {"code": Code.BAD_USER_INPUT}}
    if cause is None or isinstance(cause, GraphQLError):
        return {**shown, "extensions": {"code": code}}
    message, extensions = fault(cause, path=error.path)
    return {**shown, "message": message, "extensions": extensions}
