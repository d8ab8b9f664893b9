"""Running an operation: the same path for every door.

A document is admitted (`schema.documents`), executed under a deadline on one snapshot, and its answer shown as JSON
(`schema.answers`). A subscription is admitted in the same way, and then each of its events is executed.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

import structlog
from graphql import ExecutionResult, Executor, GraphQLError, GraphQLSchema, create_source_event_stream, execute

from auth.codes import Code, Refusal
from auth.guard import enforce
from auth.limits import Limits
from auth.principal import Caller
from auth.standing import Stands
from auth.verifying import Credentials
from loaders.entities import BY_NAME, ENTITIES, LISTED
from loaders.window import Row
from models.clock import Clock
from models.database import Database
from models.faults import is_outdated
from models.lasting import Guard, lasting
from models.lasting import deadline as lasting_at_most
from resolvers.auditing.archive import Archive
from resolvers.context import Context, Info
from resolvers.following.feeds import Feeds
from resolvers.following.postgres import PostgresWakes
from resolvers.recording import record_reads, record_refusal
from schema.answers import InvalidDocument, failure, invalid, not_begun, refused, shown, too_long
from schema.compiling import NotCompilable, Plans, Reading, Ready
from schema.completing import Completing
from schema.documents import Admitted, Documents
from schema.operation import Answer, OperationRequest, PlanWanted
from schema.planned import ASKED as PLAN_ASKED
from schema.planned import EXPLAIN, Planned
from schema.streaming import Stream

log = structlog.get_logger("tenantry.graph")

Answered = TypeVar("Answered", Answer, Answer | Stream)
Begin = Callable[[], Context]


class Graph:
    """The schema with its database: `run` and `open` are the two ways through it."""

    def __init__(
        self,
        schema: GraphQLSchema,
        database: Database,
        clock: Clock,
        limits: Limits,
        *,
        feeds: Feeds | None = None,
        deadline: float = 10.0,
        documents: int = 1000,
        credentials: Credentials | None = None,
        archive: Archive | None = None,
        compiles: bool = True,
    ) -> None:
        """`deadline` in seconds for one operation; `documents` is how many prepared documents are kept.

        What can be is compiled to one statement, unless nothing `compiles`: then graphql-core runs everything.

        `credentials` finds tokens by their text; whoever asks a graph without them meets a fault. `archive` holds the
        audit's checkpoints.
        """
        self._credentials = credentials
        self._archive = archive or Archive()
        self._schema = schema
        listed = (*ENTITIES, *LISTED)
        self._reads = {entity.name: schema.type_map[entity.name].extensions["requirement"] for entity in listed}
        self._documents = Documents(schema, limits, documents)
        self._plans = Plans(schema, self._reads, documents) if compiles else None
        self._database = database
        self._clock = clock
        self._feeds = feeds or Feeds(database, PostgresWakes(database))
        self._deadline = deadline
        self._too_late = lasting_at_most(deadline)

    @property
    def documents(self) -> Documents:
        """What is known of documents."""
        return self._documents

    def run(
        self, request: OperationRequest, caller: Caller, request_id: str, *guards: Guard
    ) -> Coroutine[Any, Any, Answer]:
        """Answer a query or mutation. Raises nothing but what a guard does: a refusal or fault is an answer too."""
        return self._answered(lasting(self._run(request, caller, request_id), self._too_late, *guards))

    async def open(self, request: OperationRequest, standing: Stands, request_id: str) -> Answer | Stream:
        """Begin a subscription, or answer anything else; a subscription that is refused is an Answer too.

        Whoever is given a Stream closes it.
        """

        async def begin() -> Answer | Stream:
            caller = await standing.caller()
            admitted = await self._admit(request, caller, request_id)
            if admitted.streams:
                return await self._subscribe(admitted, request, caller, standing, request_id)
            return await lasting(self._answer(admitted, request, caller, request_id), self._too_late)

        return await self._answered(begin())

    def compiled(self, request: OperationRequest, caller: Caller) -> Ready:
        """The statement that answers a query. Raises NotCompilable, and what refuses the operation."""
        return self._ready(self._documents.admit(request, caller), caller)

    async def plan(self, request: OperationRequest, caller: Caller, wanted: PlanWanted) -> Planned:
        """Which way a query goes, for the caller who would ask. Raises what refuses the operation."""
        return await self._planned(self._documents.admit(request, caller), caller, wanted)

    async def _run(self, request: OperationRequest, caller: Caller, request_id: str) -> Answer:
        admitted = await self._admit(request, caller, request_id)
        if admitted.streams:
            raise Refusal(
                Code.NOT_ACCEPTABLE,
                "A subscription is a stream: accept text/event-stream, or open a WebSocket (graphql-transport-ws).",
            )
        return await self._answer(admitted, request, caller, request_id)

    async def _admit(self, request: OperationRequest, caller: Caller, request_id: str) -> Admitted:
        """The operation, if its caller may run it; what it may not is recorded. Raises Refusal or InvalidDocument."""
        try:
            if request.plan is not None:
                enforce([PLAN_ASKED], caller.scopes)
            return self._documents.admit(request, caller)
        except Refusal as refusal:
            if refusal.code is Code.FORBIDDEN_SCOPE:
                async with self._context(caller, request_id) as context:
                    await record_refusal(context, {"missing": refusal.extensions["missing"]})
            raise

    async def _answer(self, admitted: Admitted, request: OperationRequest, caller: Caller, request_id: str) -> Answer:
        answer = await self._compiled(admitted, caller)
        if answer is None:
            answer = await self._resolved(admitted, request, caller, request_id)
        if request.plan is not None:
            answer = (await self._planned(admitted, caller, request.plan)).beside(answer)
        return answer

    async def _planned(self, admitted: Admitted, caller: Caller, wanted: PlanWanted) -> Planned:
        try:
            statement, given = self._ready(admitted, caller).bound
        except NotCompilable as reason:
            return Planned(reason=str(reason))
        try:
            lines = await self._database.lines(caller.tenant.id, f"{EXPLAIN[wanted]} {statement}", given)
        except Exception as error:
            failed = failure(error, self._deadline)
            if failed is None:
                raise
            raise failed from error
        return Planned(statement, tuple(lines))

    async def _resolved(self, admitted: Admitted, request: OperationRequest, caller: Caller, request_id: str) -> Answer:
        """What graphql-core answers, and what it leaves in the audit."""
        known = {"idempotency_key": request.idempotency_key, "payload": partial(self._payload, admitted.reading)}
        result, context = await self._execute(admitted, request, lambda: self._context(caller, request_id, **known))
        await record_reads(context)
        return shown(result, self._deadline)

    async def _compiled(self, admitted: Admitted, caller: Caller) -> Answer | None:
        """What one statement answers; None where graphql-core is to answer, or to tell what is wrong."""
        try:
            ready = self._ready(admitted, caller)
            text = await self._database.text(caller.tenant.id, *ready.bound)
        except NotCompilable:
            return None
        except Exception as error:
            failed = failure(error, self._deadline)
            if failed is None:
                log.warning("a compiled statement failed", exc_info=error)
            return None if failed is None else refused(failed)
        return None if text is None else Answer(HTTPStatus.OK, b"".join([b'{"data":', text, b"}"]))

    def _ready(self, admitted: Admitted, caller: Caller) -> Ready:
        if self._plans is None:
            raise NotCompilable("This graph", "compiles nothing")
        return self._plans.ready(admitted.reading, admitted.variables, caller)

    def _payload(self, reading: Reading, info: Info, row: Row) -> tuple[str, list[Any]] | None:
        """Implements `resolvers.ports.PayloadOf`."""
        entity = BY_NAME.get(row["__typename"])
        if self._plans is None or entity is None:
            return None
        try:
            return self._plans.of_row(reading, info, entity, row["id"]).bound
        except NotCompilable:
            return None

    async def _subscribe(
        self, admitted: Admitted, request: OperationRequest, caller: Caller, standing: Stands, request_id: str
    ) -> Answer | Stream:
        async with (
            asyncio.timeout(self._deadline),
            self._context(caller, request_id, standing=standing) as context,
        ):
            source = await self._source(admitted, request.operation_name, context)
        if isinstance(source, ExecutionResult):
            return not_begun(source, self._deadline)

        async def run(event: Any, caller: Caller) -> Answer:
            async with asyncio.timeout(self._deadline):
                result, _ = await self._execute(admitted, request, lambda: self._context(caller, request_id), event)
            return shown(result, self._deadline)

        def asked(caller: Caller) -> None:
            enforce(admitted.asked, caller.scopes)

        async def show(event: Any, caller: Caller) -> Answer:
            asked(caller)
            return await self._answered(run(event, caller))

        return Stream(source, standing, show, asked)

    def _context(self, caller: Caller, request_id: str, **known: Any) -> Context:
        """A request's context; `known` is what not every request has."""
        known |= {
            "reads": self._reads,
            "credentials": self._credentials,
            "examine": self._documents.examine,
            "archive": self._archive,
        }
        return Context(self._database, caller, self._clock, request_id, self._feeds, **known)

    async def _source(self, admitted: Admitted, operation_name: str | None, context: Context) -> Any:
        """The events of a subscription, or a result with the errors for which there are none."""
        executor = Executor.build(
            self._schema,
            admitted.document,
            context_value=context,
            raw_variable_values=admitted.variables,
            operation_name=operation_name,
            hide_suggestions=True,
        )
        if isinstance(executor, list):
            return ExecutionResult(None, executor)
        outcome = create_source_event_stream(executor)
        return await outcome if inspect.isawaitable(outcome) else outcome

    async def _execute(
        self, admitted: Admitted, request: OperationRequest, begin: Begin, event: Any = None
    ) -> tuple[ExecutionResult, Context]:
        """What graphql-core answers; what reads is read anew, as a whole, where a migration had come between."""
        async with begin() as context:
            result = await self._execute_once(admitted, request.operation_name, context, event)
        if admitted.changes or not any(map(_met_a_migration, result.errors or ())):
            return result, context
        async with begin() as context:
            return await self._execute_once(admitted, request.operation_name, context, event), context

    async def _execute_once(
        self, admitted: Admitted, operation_name: str | None, context: Context, event: Any
    ) -> ExecutionResult:
        outcome = execute(
            self._schema,
            admitted.document,
            event,
            context,
            variable_values=admitted.variables,
            operation_name=operation_name,
            executor_class=Completing,
            hide_suggestions=True,
        )
        return outcome if isinstance(outcome, ExecutionResult) else await outcome

    async def _answered(self, running: Awaitable[Answered]) -> Answered | Answer:
        """What it answers; what goes wrong on the way as an answer."""
        try:
            return await running
        except Refusal as refusal:
            return refused(refusal)
        except TimeoutError:
            return refused(too_long(self._deadline))
        except InvalidDocument as document:
            return invalid(document)


def _met_a_migration(error: GraphQLError) -> bool:
    return error.original_error is not None and is_outdated(error.original_error)
