"""What a selection comes to, before anybody looks at the schema or the variables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from graphql import (
    DirectiveNode,
    ExecutableDefinitionNode,
    FieldNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionSetNode,
)

# What a connection wraps its rows in is no depth. Known by name, wherever it stands: nothing else is called so but
# the root fields `node` and `nodes`, which cost a level less than they might.
WRAPPERS = frozenset({"edges", "node", "nodes"})
INTROSPECTION = frozenset({"__schema", "__type"})
INTROSPECTION_LISTS = frozenset({"fields", "inputFields", "interfaces", "possibleTypes"})


@dataclass(frozen=True, slots=True)
class Measure:
    """Counts with fragments expanded; their names are those of `Limits`.

    `lists` is what `introspection_lists` would be if the selection stood beneath `__schema` or `__type`: a fragment
    does not know where it will be spread. `introspection_aliases` are those beneath them, and of `__schema` itself.
    """

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    directives_at_once: int = 0
    introspection_lists: int = 0
    introspection_aliases: int = 0
    lists: int = 0

    def beside(self, other: "Measure") -> "Measure":
        """Both selections in one selection set."""
        return Measure(
            depth=max(self.depth, other.depth),
            fields=self.fields + other.fields,
            aliases=self.aliases + other.aliases,
            directives=self.directives + other.directives,
            directives_at_once=max(self.directives_at_once, other.directives_at_once),
            introspection_lists=max(self.introspection_lists, other.introspection_lists),
            introspection_aliases=self.introspection_aliases + other.introspection_aliases,
            lists=max(self.lists, other.lists),
        )

    def beneath(self, field: FieldNode) -> "Measure":
        """The field whose selection this is."""
        name = field.name.value
        around = replace(self, fields=self.fields + 1, aliases=self.aliases + (field.alias is not None))
        if name in INTROSPECTION:
            # A type is small, the schema is not: how often it is asked for is what counts.
            inside = around.aliases if name == "__schema" else self.aliases
            return replace(around, depth=1, introspection_lists=self.lists, introspection_aliases=inside, lists=0)
        return replace(
            around,
            depth=self.depth + (name not in WRAPPERS),
            lists=self.lists + (name in INTROSPECTION_LISTS),
        )


NOTHING = Measure()


def measure_definition(definition: ExecutableDefinitionNode, known: Mapping[str, Measure]) -> Measure:
    """An operation or fragment, with the directives around it; `known` are the fragments that it spreads.

    An unknown fragment counts as nothing. Recursion is as deep as the brackets of this one definition.
    """
    total = _measure_selection(definition.selection_set, known).beside(_measure_directives(definition.directives))
    for variable in definition.variable_definitions or ():
        total = total.beside(_measure_directives(variable.directives))
    return total


def _measure_selection(selection_set: SelectionSetNode | None, known: Mapping[str, Measure]) -> Measure:
    total = NOTHING
    for selection in selection_set.selections if selection_set else ():
        part = NOTHING
        if isinstance(selection, FieldNode):
            part = _measure_selection(selection.selection_set, known).beneath(selection)
        elif isinstance(selection, InlineFragmentNode):
            part = _measure_selection(selection.selection_set, known)
        elif isinstance(selection, FragmentSpreadNode):
            part = known.get(selection.name.value, NOTHING)
            # Nothing, spread often enough, is work all the same.
            part = replace(part, fields=max(part.fields, 1))
        total = total.beside(part).beside(_measure_directives(selection.directives))
    return total


def _measure_directives(directives: Iterable[DirectiveNode] | None) -> Measure:
    count = len(tuple(directives or ()))
    return Measure(directives=count, directives_at_once=count) if count else NOTHING
