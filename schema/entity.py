"""How a type of the graph is declared: a table, a requirement, a description, and fields."""

from collections.abc import Callable
from typing import Any

import strawberry

from auth.requirement import AUTHENTICATED, Requirement
from loaders.entities import Entity
from resolvers import reading
from schema.connection import arguments_of, lazy
from schema.field import DeclaredField, directives


def entity(declared: Entity, *, scopes: Requirement, description: str, keyed: bool = True) -> Callable[[type], Any]:
    """Make a class of declared fields the federated type of an entity, `@key(fields: "id")` unless it is not `keyed`.

    A field without an edge or resolver of its own shows the column of its name. The annotation of an edge is read by
    people and type checkers; its GraphQL type is what the edge leads to, nullable where the annotation says so.

    What we ask for the type, we print on each of its fields but `id`: printed on the types that implement Node, it
    would compose into a Node that asks for the scopes of all of them at once. Our own guard asks for the type.
    """

    def make(cls: type) -> Any:
        cls.id = field_of_id(declared)  # type: ignore[attr-defined]
        cls.__annotations__ = {"id": strawberry.ID, **cls.__annotations__}
        for name, field in vars(cls).items():
            if not isinstance(field, DeclaredField):
                continue
            if field.edge is not None:
                _follow(cls, name, field)
            elif field.resolver is None:
                field.resolver = reading.column(name)
            if name != "id":
                field.directives = directives(scopes & (field.requirement or AUTHENTICATED))
        made: Any = strawberry.federation.type(cls, keys=["id"] if keyed else [], description=description)
        made.requirement = scopes
        return made

    return make


def root(description: str) -> Callable[[type], Any]:
    """Make a class of declared fields a root type: an edge begins at the tenant that the request acts in."""

    def make(cls: type) -> Any:
        for name, field in vars(cls).items():
            if isinstance(field, DeclaredField) and field.edge is not None:
                _follow(cls, name, field)
                field.resolver = reading.root(field.edge)
        return strawberry.federation.type(cls, description=description)

    return make


def row_part(description: str) -> Callable[[type], Any]:
    """Make a class of declared fields an object that shows columns of the row around it."""

    def make(cls: type) -> Any:
        for name, field in vars(cls).items():
            if isinstance(field, DeclaredField):
                field.resolver = reading.column(name)
        return strawberry.federation.type(cls, description=description)

    return make


def field_of_id(declared: Entity) -> DeclaredField:
    """The field `id`: the type's prefix and the row's UUID."""
    made = DeclaredField(description=f"Names this {declared.name} everywhere and for ever: {declared.prefix}_….")
    made.resolver = reading.row_id(declared.prefix)
    return made


def _follow(cls: type, name: str, field: DeclaredField) -> None:
    edge = field.edge
    assert edge is not None, f"{cls.__name__}.{name} has no edge"
    target = lazy(edge.target, "Connection" if edge.many else "")
    cls.__annotations__[name] = target | None if str(cls.__annotations__[name]).endswith("None") else target
    field.arguments = arguments_of(edge.target) if edge.many else []
    field.resolver = reading.edge(edge)
