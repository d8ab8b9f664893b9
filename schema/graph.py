"""Running an operation: the same path for every door.

Document -> bounded parse -> bounds -> validation -> what it asks of its caller: once for each document, kept. Then,
for each request: scopes, page sizes, execution under a deadline, the answer as JSON.
"""

import asyncio
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    execute,
    validate,
)

from auth.codes import Code, Refusal
from auth.guard import Demand, demands, enforce
from auth.limits import Limits, check_document, node_cost, parse_bounded
from auth.principal import Caller
from loaders.window import BadArgument
from models.clock import Clock
from models.database import Database
from models.faults import is_outage, is_timeout
from resolvers.context import context_of
from schema.build import connections
from schema.operation import Answer, OperationRequest

log = structlog.get_logger("tenantry.graph")
MAX_VALIDATION_ERRORS = 10


@dataclass(frozen=True)
class Prepared:
    """A document that passed everything that needs no request."""

    document: DocumentNode
    operations: dict[str | None, tuple[OperationDefinitionNode, tuple[Demand, ...]]]


class Graph:
    """The schema with its database: `run` is the one way through it."""

    def __init__(
        self,
        schema: GraphQLSchema,
        database: Database,
        clock: Clock,
        limits: Limits,
        *,
        deadline: float = 10.0,
        documents: int = 1000,
    ) -> None:
        """`deadline` in seconds for one operation; `documents` is how many prepared documents are kept."""
        self._schema = schema
        self._connections = connections(schema)
        self._database = database
        self._clock = clock
        self._limits = limits
        self._deadline = deadline
        self._prepared: OrderedDict[str, Prepared] = OrderedDict()
        self._documents = documents

    async def run(self, request: OperationRequest, caller: Caller, request_id: str) -> Answer:
        """Answer a request. Never raises but for cancellation: a refusal or fault is an answer too."""
        try:
            prepared = self._prepare(request.query)
            operation, asked = _choose(prepared, request)
            enforce(asked, caller.principal.scopes)
            self._bound(prepared.document, operation, request.variables)
            async with asyncio.timeout(self._deadline):
                return await self._execute(prepared.document, request, caller, request_id)
        except Refusal as refusal:
            return refused(refusal)
        except TimeoutError:
            return refused(_too_long(self._deadline))
        except _Invalid as invalid:
            return _answer(
                400,
                {"errors": [_formatted(error, Code.GRAPHQL_VALIDATION_FAILED) for error in invalid.errors]},
            )

    def _prepare(self, text: str) -> Prepared:
        kept = self._prepared.get(text)
        if kept is not None:
            self._prepared.move_to_end(text)
            return kept
        document = parse_bounded(text, self._limits)
        check_document(document, self._limits)
        errors = validate(self._schema, document, max_errors=MAX_VALIDATION_ERRORS, hide_suggestions=True)
        if errors:
            raise _Invalid(errors)
        operations = {
            node.name.value if node.name else None: (node, demands(self._schema, document, node))
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
        }
        made = self._prepared[text] = Prepared(document, operations)
        if len(self._prepared) > self._documents:
            self._prepared.popitem(last=False)
        return made

    def _bound(self, document: DocumentNode, operation: OperationDefinitionNode, variables: dict[str, Any]) -> None:
        node_cost(document, operation, variables, self._schema, self._limits, is_connection=self._is_connection)

    def _is_connection(self, parent: str, name: str) -> bool:
        return (parent, name) in self._connections

    async def _execute(
        self, document: DocumentNode, request: OperationRequest, caller: Caller, request_id: str
    ) -> Answer:
        async with context_of(self._database, caller, self._clock, request_id, request.idempotency_key) as context:
            outcome = execute(
                self._schema,
                document,
                context_value=context,
                variable_values=request.variables,
                operation_name=request.operation_name,
                hide_suggestions=True,
            )
            result = outcome if isinstance(outcome, ExecutionResult) else await outcome
        return self._show(result)

    def _show(self, result: ExecutionResult) -> Answer:
        if not result.errors:
            return _answer(200, {"data": result.data})
        # What is committed is told, whatever became of the fields after it; where nothing was answered, all failed.
        if not any(value is not None for value in (result.data or {}).values()):
            for error in result.errors:
                failed = self._failure(error.original_error)
                if failed is not None:
                    return refused(failed)
        errors = [self._formatted(error) for error in result.errors]
        if result.data is None and all(error.path is None for error in result.errors):
            return _answer(400, {"errors": errors})
        return _answer(200, {"data": result.data, "errors": errors})

    def _failure(self, cause: Exception | None) -> Refusal | None:
        """An outage or a deadline, which is nobody's fault and may be over in a moment."""
        if cause is not None and is_outage(cause):
            log.warning("database unavailable", error=repr(cause))
            return unavailable()
        return _too_long(self._deadline) if cause is not None and is_timeout(cause) else None

    def _formatted(self, error: GraphQLError) -> dict[str, Any]:
        failed = self._failure(error.original_error)
        if failed is not None:
            return {**error.formatted, "message": failed.message, "extensions": {"code": failed.code}}
        return _formatted(error, Code.BAD_USER_INPUT)


class _Invalid(Exception):
    """A document that does not fit the schema."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("invalid document")
        self.errors = errors


def _choose(prepared: Prepared, request: OperationRequest) -> tuple[OperationDefinitionNode, tuple[Demand, ...]]:
    if request.operation_name is not None:
        chosen = prepared.operations.get(request.operation_name)
        if chosen is None:
            raise Refusal(Code.BAD_REQUEST, "The document has no operation of that operationName.")
    elif len(prepared.operations) == 1:
        chosen = next(iter(prepared.operations.values()))
    else:
        raise Refusal(Code.BAD_REQUEST, "The document has several operations: say which by operationName.")
    if chosen[0].operation is not OperationType.QUERY and not request.mutations:
        raise Refusal(Code.METHOD_NOT_ALLOWED, "GET is for queries; send this by POST.", headers=(("Allow", "POST"),))
    return chosen


def refused(refusal: Refusal) -> Answer:
    """A refusal as a GraphQL response without data."""
    extensions = {"code": refusal.code, **refusal.extensions}
    return _answer(
        refusal.code.status,
        {"errors": [{"message": refusal.message, "extensions": extensions}]},
        refusal.headers,
    )


def unavailable() -> Refusal:
    """The database does not answer."""
    return Refusal(Code.UNAVAILABLE, "The database does not answer; try again.", headers=(("Retry-After", "1"),))


def _too_long(deadline: float) -> Refusal:
    return Refusal(Code.TIMEOUT, f"The operation took longer than {deadline:g} s and was stopped; ask for less.")


def _formatted(error: GraphQLError, code: Code) -> dict[str, Any]:
    """An error as clients see it: what they can mend in words, a fault of ours as an error id only."""
    shown = error.formatted
    cause = error.original_error
    if isinstance(cause, Refusal):
        return {**shown, "message": cause.message, "extensions": {"code": cause.code, **cause.extensions}}
    if isinstance(cause, BadArgument):
        return {**shown, "message": f"{str(cause).capitalize()}.", "extensions": {"code": Code.BAD_USER_INPUT}}
    if cause is None or isinstance(cause, GraphQLError):
        return {**shown, "extensions": {"code": code}}
    error_id = uuid.uuid4().hex
    log.error("unexpected exception", error_id=error_id, path=error.path, exc_info=cause)
    return {
        **shown,
        "message": f"Something went wrong on our side; error id {error_id}.",
        "extensions": {"code": Code.INTERNAL, "errorId": error_id},
    }


def _answer(status: int, body: dict[str, Any], headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(int(status), orjson.dumps(body), headers)
