"""The order in which fragments can be measured without going round in circles or down a deep stack."""

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionSetNode,
)

from auth.codes import Code, Refusal

Fragments = Mapping[str, FragmentDefinitionNode]

# How much of a circle an error spells out.
SHOWN = 10


def fragments_of(document: DocumentNode) -> Fragments:
    """A document's fragments by name; of two with the same name the last: validation refuses the document."""
    return {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }


def innermost_first(names: Iterable[str], fragments: Fragments) -> list[FragmentDefinitionNode]:
    """The fragments of these names and all that they reach, each once and after those that it spreads itself.

    A name that no fragment has is left out: validation speaks of it.

    Raises:
        Refusal: GRAPHQL_VALIDATION_FAILED when fragments spread each other in a circle.
    """
    inside: dict[str, list[str]] = {}
    waiting = [name for name in names if name in fragments]
    while waiting:
        name = waiting.pop()
        if name not in inside:
            inside[name] = [each for each in spreads(fragments[name].selection_set) if each in fragments]
            waiting.extend(inside[name])
    try:
        return [fragments[name] for name in TopologicalSorter(inside).static_order()]
    except CycleError as error:
        # The error lists each fragment before the one that spreads it.
        circle: list[str] = error.args[1][::-1]
        way = " > ".join(circle if len(circle) <= SHOWN else [*circle[:SHOWN], "…"])
        raise Refusal(
            Code.GRAPHQL_VALIDATION_FAILED,
            f"Fragment '{circle[0]}' spreads itself: {way}. Leave one of these spreads out.",
        ) from None


def spreads(selection_set: SelectionSetNode) -> list[str]:
    """The names of the fragments that are spread inside, each once, in order of appearance."""
    names: dict[str, None] = {}
    waiting: list[SelectionSetNode | None] = [selection_set]
    while waiting:
        inside = waiting.pop()
        for selection in inside.selections if inside else ():
            if isinstance(selection, FragmentSpreadNode):
                names[selection.name.value] = None
            elif isinstance(selection, FieldNode | InlineFragmentNode):
                waiting.append(selection.selection_set)
    return list(names)
