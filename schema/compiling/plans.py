"""Plans and statements that are kept: a request of a known shape is bound and run, and nothing of it is walked.

A plan is an operation's, for each set of values of the variables that its directives ask for; a statement is a plan's,
for each shape of its arguments and of its caller's reach. The least recently used go when there are too many.
"""

import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode
from graphql.execution.values import VariableValues

from auth.limits.fragments import fragments_of
from auth.principal import Caller
from auth.requirement import Requirement
from loaders.entities import Entity
from loaders.tree.parameters import valued
from loaders.tree.selection import Constant, Lookup, Root
from loaders.tree.writer import Shapes, of_row, statement
from models.statement import Statement
from resolvers.context import Info
from schema.compiling.collecting import Collecting, switches_of
from schema.compiling.planning import Payload, Plan, payload, plan
from schema.compiling.refusal import NotCompilable
from schema.compiling.settling import Settling
from schema.compiling.variables import Variables

Planned = TypeVar("Planned", Plan, Payload)


class Reading:
    """An operation of a valid document, as far as all its requests share it."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        self.operation = operation
        self.variables = Variables(schema, operation)
        self.fragments = fragments_of(document)
        self.switches = switches_of(document, operation)


class Ready(NamedTuple):
    """A statement and what it is given."""

    statement: Statement
    values: Mapping[str, Any]

    @property
    def bound(self) -> tuple[str, list[Any]]:
        """As the driver takes them."""
        return self.statement.text, self.statement.bound(self.values)


class Plans:
    """Of one schema; `reads` is what each type, by its name, asks of its readers."""

    def __init__(self, schema: GraphQLSchema, reads: Mapping[str, Requirement], at_most: int) -> None:
        """`at_most` plans are kept, and as many statements."""
        self._schema = schema
        self._reads = reads
        self._at_most = at_most
        self._plans: OrderedDict[Any, Plan | Payload | NotCompilable] = OrderedDict()
        self._statements: OrderedDict[Any, Statement] = OrderedDict()

    def __len__(self) -> int:
        """How many statements are kept."""
        return len(self._statements)

    def ready(self, reading: Reading, variables: dict[str, Any], caller: Caller) -> Ready:
        """The statement that answers a request, and its values.

        Raises:
            NotCompilable: graphql-core answers it.
        """
        # Before the variables are looked at: of a mutation's there may be thousands.
        made = None if reading.switches else self._plan(reading, ())
        coerced = reading.variables.coerced(variables)
        switches = _switches(reading, coerced)
        settling = Settling(caller, coerced, self._reads)
        for name, root in made or self._plan(reading, switches):
            settling.roots.append((name, root.settle(settling)))
        return self._ready((reading, switches), settling, partial(_of_roots, settling.roots))

    def of_row(self, reading: Reading, info: Info, entity: Entity, row_id: uuid.UUID) -> Ready:
        """The statement that answers a mutation's field with a row that it wrote, and its values.

        Raises:
            NotCompilable: graphql-core answers with it.
        """
        switches = _switches(reading, info.variable_values)
        key = (reading, switches, info.path.key, entity.name)
        made = self._planned(key, reading, switches, lambda collecting: payload(collecting, entity, info.field_nodes))
        settling = Settling(info.context.caller, info.variable_values, self._reads)
        settling.values.update(valued(made.place, {"id": row_id}))
        settling.take(made.branch.lists)
        sought = Lookup(entity, made.place, made.branch.fields)
        return self._ready(key, settling, lambda shapes: Statement(of_row(sought, shapes)))

    def _plan(self, reading: Reading, switches: tuple[Any, ...]) -> Plan:
        return self._planned(
            (reading, switches), reading, switches, lambda collecting: plan(collecting, reading.operation)
        )

    def _planned(
        self, key: Any, reading: Reading, switches: tuple[Any, ...], make: Callable[[Collecting], Planned]
    ) -> Planned:
        made: Any = self._plans.get(key)
        if made is None:
            collecting = Collecting(self._schema, reading.fragments, dict(zip(reading.switches, switches, strict=True)))
            try:
                made = make(collecting)
            except NotCompilable as refusal:
                made = refusal
            _keep(self._plans, key, made, self._at_most)
        self._plans.move_to_end(key)
        if isinstance(made, NotCompilable):
            raise made.with_traceback(None)
        return made  # type: ignore[no-any-return]

    def _ready(self, key: tuple[Any, ...], settling: Settling, make: Callable[[Shapes], Statement]) -> Ready:
        key += tuple(settling.shape)
        made = self._statements.get(key)
        if made is None:
            made = make(Shapes(settling.windows, settling.reaches))
            _keep(self._statements, key, made, self._at_most)
        self._statements.move_to_end(key)
        return Ready(made, settling.values)


def _of_roots(roots: Sequence[tuple[str, Root]], shapes: Shapes) -> Statement:
    """The statement of a query. Raises NotCompilable where none is needed."""
    if all(isinstance(root, Constant) for _, root in roots):
        raise NotCompilable("Query", "asks for nothing that is read")
    return Statement(statement(tuple(roots), shapes))


def _switches(reading: Reading, coerced: VariableValues) -> tuple[Any, ...]:
    """The values of the variables that its directives ask for."""
    if not reading.switches:
        return ()
    return tuple(coerced.coerced.get(name) for name in reading.switches)


def _keep(kept: OrderedDict[Any, Any], key: Any, value: Any, at_most: int) -> None:
    kept[key] = value
    if len(kept) > at_most:
        kept.popitem(last=False)
