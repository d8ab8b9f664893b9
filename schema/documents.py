"""Documents: parsed, bounded, validated and guarded once each, and kept (laws 2 and 11).

What is left for each request is what depends on its caller and its variables: scopes, and page sizes.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode, OperationType, validate

from auth.codes import Code, Refusal
from auth.explaining import Asked, asked_at
from auth.guard import Demand, demands, enforce
from auth.limits import Limits, check_document, node_cost, parse_bounded
from auth.principal import Caller
from auth.requirement import Requirement
from auth.scopes import Scope
from auth.walk import walk
from resolvers.naming import given_variables, types_named
from schema.answers import InvalidDocument, misfit
from schema.build import connections
from schema.compiling import Reading
from schema.operation import OperationRequest

MAX_VALIDATION_ERRORS = 10
# How many sets of scopes a document remembers as enough: most callers hold one of few.
MOST_ALLOWED = 100


@dataclass(frozen=True)
class Prepared:
    """A document that passed everything that needs no request."""

    document: DocumentNode
    operations: dict[str | None, "Operation"]


@dataclass
class Operation:
    """One of its operations: what it asks of its caller, and what its compiled requests share.

    `always_small`: it was counted, and no variable has a say in how much it can answer with. `allowed` are sets of
    scopes that were enough for it.
    """

    node: OperationDefinitionNode
    asked: tuple[Demand, ...]
    reading: Reading
    always_small: bool = False
    allowed: set[frozenset[Scope]] = field(default_factory=set)


class _Consulted(dict[str, Any]):
    """Variables that tell whether anybody looked at one."""

    any = False

    def __contains__(self, name: object) -> bool:
        self.any = True
        return super().__contains__(name)


class Admitted(NamedTuple):
    """An operation that its caller may run, and that keeps the bounds."""

    document: DocumentNode
    operation: OperationDefinitionNode
    asked: tuple[Demand, ...]
    variables: dict[str, Any]
    reading: Reading

    @property
    def streams(self) -> bool:
        """Whether it is a subscription."""
        return self.operation.operation is OperationType.SUBSCRIPTION

    @property
    def changes(self) -> bool:
        """Whether it is a mutation."""
        return self.operation.operation is OperationType.MUTATION


class Documents:
    """The least recently used goes when there are too many."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, at_most: int) -> None:
        """`at_most` documents are kept."""
        self._schema = schema
        self._connections = connections(schema)
        self._limits = limits
        self._at_most = at_most
        self._prepared: OrderedDict[str, Prepared] = OrderedDict()

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._prepared)

    def admit(self, request: OperationRequest, caller: Caller) -> Admitted:
        """The operation that is asked for.

        Raises:
            Refusal: it is out of bounds, or the caller lacks a scope.
            InvalidDocument: it does not fit the schema.
        """
        prepared = self._prepare(request.query)
        chosen = _chosen(prepared, request)
        if caller.scopes not in chosen.allowed:
            enforce(chosen.asked, caller.scopes)
            if len(chosen.allowed) < MOST_ALLOWED:
                chosen.allowed.add(caller.scopes)
        if not chosen.always_small:
            self._count(prepared.document, chosen, _Consulted(request.variables))
        return Admitted(prepared.document, chosen.node, chosen.asked, request.variables, chosen.reading)

    def examine(self, text: str, variables: dict[str, Any], operation_name: str | None = None) -> tuple[Asked, ...]:
        """What the operation asks for at each of its paths; implements `auth.explaining.Examines`."""
        request = OperationRequest(text, variables, operation_name)
        try:
            prepared = self._prepare(text)
        except InvalidDocument as document:
            raise misfit(document) from document
        chosen = _chosen(prepared, request)
        self._count(prepared.document, chosen, _Consulted(variables))
        given = given_variables(chosen.node, variables)
        places = walk(self._schema, prepared.document, chosen.node, expand=True)
        return asked_at(places, lambda place: map(self._one_of, types_named(place, given)))

    def operations(self, text: str) -> dict[str | None, OperationType]:
        """The kinds of a document's operations by their names, if it could run for somebody.

        Raises:
            Refusal: it is out of bounds.
            InvalidDocument: it does not fit the schema.
        """
        definitions = self._prepare(text).document.definitions
        found = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
        return {each.name.value if each.name else None: each.operation for each in found}

    def _count(self, document: DocumentNode, operation: Operation, variables: _Consulted) -> None:
        """Refuse what could answer with too much."""
        node_cost(document, operation.node, variables, self._schema, self._limits, is_connection=self._is_connection)
        operation.always_small = not variables.any

    def _one_of(self, types: Iterable[str]) -> Requirement:
        """What reading one of these types asks for."""
        asked: list[Requirement] = [self._schema.type_map[name].extensions["requirement"] for name in types]
        return Requirement(tuple(choice for each in asked for choice in each.choices))

    def _prepare(self, text: str) -> Prepared:
        kept = self._prepared.get(text)
        if kept is not None:
            self._prepared.move_to_end(text)
            return kept
        document = parse_bounded(text, self._limits)
        check_document(document, self._limits)
        errors = validate(self._schema, document, max_errors=MAX_VALIDATION_ERRORS, hide_suggestions=True)
        if errors:
            raise InvalidDocument(errors)
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        named = {node.name.value if node.name else None: self._operation(document, node) for node in operations}
        made = self._prepared[text] = Prepared(document, named)
        if len(self._prepared) > self._at_most:
            self._prepared.popitem(last=False)
        return made

    def _operation(self, document: DocumentNode, node: OperationDefinitionNode) -> Operation:
        return Operation(node, demands(self._schema, document, node), Reading(self._schema, document, node))

    def _is_connection(self, parent: str, name: str) -> bool:
        return (parent, name) in self._connections


def _chosen(prepared: Prepared, request: OperationRequest) -> Operation:
    if request.operation_name is not None:
        chosen = prepared.operations.get(request.operation_name)
        if chosen is None:
            raise Refusal(Code.BAD_REQUEST, "The document has no operation of that operationName.")
    elif len(prepared.operations) == 1:
        chosen = next(iter(prepared.operations.values()))
    else:
        raise Refusal(Code.BAD_REQUEST, "The document has several operations: say which by operationName.")
    if chosen.node.operation is OperationType.MUTATION and not request.mutations:
        raise Refusal(Code.METHOD_NOT_ALLOWED, "GET is for queries; send this by POST.", headers=(("Allow", "POST"),))
    return chosen
