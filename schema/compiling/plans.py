"""Plans and statements that are kept: a request of a known shape is bound and run, and nothing of it is walked.

A plan is an operation's, for each set of values of the variables that its directives ask for; a statement is a plan's,
for each shape of its arguments and of its caller's reach. The least recently used go when there are too many.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode
from graphql.execution.values import VariableValues, get_variable_values

from auth.limits.fragments import fragments_of
from auth.principal import Caller
from auth.requirement import Requirement
from loaders.tree.compiled import Compiled, compiled
from loaders.tree.selection import Constant
from loaders.tree.writer import Shapes, statement
from schema.compiling.collecting import Collecting, switches_of
from schema.compiling.planning import Plan, plan
from schema.compiling.refusal import NotCompilable
from schema.compiling.settling import Settling


class Reading:
    """An operation of a valid document, as far as all its requests share it."""

    def __init__(self, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        self.operation = operation
        self.fragments = fragments_of(document)
        self.switches = switches_of(document, operation)


@dataclass(frozen=True, slots=True)
class Ready:
    """A statement and what it is given."""

    statement: Compiled
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
        self._plans: OrderedDict[Any, Plan | NotCompilable] = OrderedDict()
        self._statements: OrderedDict[Any, Compiled] = OrderedDict()

    def __len__(self) -> int:
        """How many statements are kept."""
        return len(self._statements)

    def ready(self, reading: Reading, variables: dict[str, Any], caller: Caller) -> Ready:
        """The statement that answers a request, and its values.

        Raises:
            NotCompilable: graphql-core answers it.
        """
        if not reading.switches:
            # Before the variables are looked at: of a mutation's there may be thousands.
            self._plan(reading, ())
        coerced = self._coerced(reading, variables)
        switches = tuple(coerced.coerced.get(name) for name in reading.switches)
        settling = Settling(caller, coerced, self._reads)
        for name, root in self._plan(reading, switches):
            settling.roots.append((name, root.settle(settling)))
        if all(isinstance(root, Constant) for _, root in settling.roots):
            raise NotCompilable("Query", "asks for nothing that is read")
        return Ready(self._statement((reading, switches, *settling.shape), settling), settling.values)

    def _coerced(self, reading: Reading, variables: dict[str, Any]) -> VariableValues:
        declared = reading.operation.variable_definitions or ()
        coerced = get_variable_values(self._schema, declared, variables, hide_suggestions=True)
        if isinstance(coerced, list):
            raise NotCompilable("Variables", f"do not fit: {coerced[0].message}")
        return coerced

    def _plan(self, reading: Reading, switches: tuple[Any, ...]) -> Plan:
        key = (reading, switches)
        made = self._plans.get(key)
        if made is None:
            collecting = Collecting(self._schema, reading.fragments, dict(zip(reading.switches, switches, strict=True)))
            try:
                made = plan(collecting, reading.operation)
            except NotCompilable as refusal:
                made = refusal
            _keep(self._plans, key, made, self._at_most)
        self._plans.move_to_end(key)
        if isinstance(made, NotCompilable):
            raise made.with_traceback(None)
        return made

    def _statement(self, key: Any, settling: Settling) -> Compiled:
        made = self._statements.get(key)
        if made is None:
            shapes = Shapes(settling.windows, settling.reaches)
            made = compiled(statement(tuple(settling.roots), shapes))
            _keep(self._statements, key, made, self._at_most)
        self._statements.move_to_end(key)
        return made


def _keep(kept: OrderedDict[Any, Any], key: Any, value: Any, at_most: int) -> None:
    kept[key] = value
    if len(kept) > at_most:
        kept.popitem(last=False)
