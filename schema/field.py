"""How a field is declared: what it is, what it asks of its caller, and how it is read.

A declaration carries its resolver; `schema.build` hangs it on the built graph, so that no field pays for Strawberry's
wrapping and every field, whatever the executor, is read from the same declaration.
"""

from collections.abc import Sequence
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.federation.schema_directives import Authenticated, RequiresScopes, Shareable
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from auth.requirement import Requirement
from loaders.edges import Edge

__all__ = ["DeclaredField", "argument", "directives", "field", "shareable"]


class DeclaredField(StrawberryField):
    """A Strawberry field that knows its edge, its requirement and its resolver, or the source of its events."""

    edge: Edge | None = None
    requirement: Requirement | None = None
    resolver: Any = None
    source: Any = None

    def __copy__(self) -> "DeclaredField":
        """Strawberry copies fields where types are specialised; the declaration goes along."""
        made: DeclaredField = super().__copy__()
        made.edge, made.requirement = self.edge, self.requirement
        made.resolver, made.source = self.resolver, self.source
        return made


def field(
    description: str,
    *,
    edge: Edge | None = None,
    scopes: Requirement | None = None,
    resolver: Any = None,
    source: Any = None,
    arguments: Sequence[StrawberryArgument] = (),
) -> Any:
    """Declare a field: a column of its name unless an edge or a resolver says otherwise.

    A field of the subscription root has a `source` instead: what gives its events.

    The return type is Any so that `name: str = field(...)` reads as what it is to type checkers.
    """
    declared = DeclaredField(
        description=description, directives=directives(scopes) if scopes else (), type_annotation=None
    )
    declared.arguments = list(arguments)
    declared.edge, declared.requirement = edge, scopes
    declared.resolver, declared.source = resolver if source is None else _event, source
    return declared


def _event(event: Any, _info: Any, **_given: Any) -> Any:
    """Of an event the subscription's field shows all."""
    return event


def argument(name: str, annotation: Any, description: str, default: Any = strawberry.UNSET) -> StrawberryArgument:
    """An argument of a field, by its name in the graph."""
    return StrawberryArgument(
        python_name=name,
        graphql_name=name,
        type_annotation=StrawberryAnnotation(annotation),
        description=description,
        default=default,
    )


def directives(requirement: Requirement) -> list[object]:
    """A requirement as federation's directives, which a gateway may enforce too; we always do."""
    if requirement.open:
        return []
    if not requirement.choices:
        return [Authenticated()]
    return [RequiresScopes(scopes=[sorted(choice) for choice in requirement.choices])]


def shareable() -> list[object]:
    """Other subgraphs may declare the same type: it holds nothing of ours."""
    return [Shareable()]
