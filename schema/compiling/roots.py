"""How a query begins: for each root field, what a request makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from loaders.edges import tenants_in_reach
from loaders.entities import BY_NAME, BY_PREFIX, TENANT, Entity
from loaders.tree.parameters import valued
from loaders.tree.selection import Constant, First, Lookup, Lookups, Many, Root
from loaders.window import BadArgument, Window
from models.ids import Prefix, decode
from schema.compiling.arguments import Arguments, listed
from schema.compiling.branch import Branch, Lists
from schema.compiling.refusal import NotCompilable
from schema.compiling.settling import Settling

NULL = Constant("null")
# A branch that may never be taken is not refused before it is.
Possible: TypeAlias = Branch | NotCompilable


def taken(branch: Possible, settling: Settling) -> Branch:
    """Go into a branch. Raises NotCompilable."""
    if isinstance(branch, NotCompilable):
        raise branch.with_traceback(None)
    settling.take(branch.lists)
    return branch


@dataclass(frozen=True)
class Always:
    """A root field that needs no row."""

    constant: Constant

    def settle(self, _settling: Settling) -> Root:
        """The constant."""
        return self.constant


@dataclass(frozen=True)
class OfTenant:
    """A list of the tenant that the request acts in."""

    many: Many
    lists: Lists

    def settle(self, settling: Settling) -> Root:
        """The list. Raises NotCompilable."""
        settling.take(self.lists)
        return self.many


@dataclass(frozen=True)
class OneTenant:
    """`tenant`, by its id or slug, or the one that is read; `resolvers.tenant` says what is found."""

    place: int
    arguments: Arguments[dict[str, Any]]
    own: Possible
    other: Possible

    def settle(self, settling: Settling) -> Root:
        """Which tenant, or null. Raises NotCompilable."""
        given = self.arguments.asked(settling.variables)
        id_, slug = given.get("id"), given.get("slug")
        if slug is not None:
            return self._by_slug(slug, settling, also=id_)
        own = settling.caller.tenant.id
        named = decode(id_) if id_ is not None else (Prefix.TENANT, own)
        if named is None or named[0] is not Prefix.TENANT:
            settling.shape.append(None)
            return NULL
        is_own = named[1] == own
        branch = taken(self.own if is_own else self.other, settling)
        settling.shape.append(is_own)
        settling.values.update(valued(self.place, {"id": named[1]}))
        return Lookup(TENANT, self.place, branch.fields, ancestor=is_own)

    def _by_slug(self, slug: str, settling: Settling, *, also: str | None) -> Root:
        if also is not None:
            raise NotCompilable("Query.tenant", "is given both an id and a slug")
        try:
            wanted = listed(tenants_in_reach, Window(size=1, order="ID", filter=(("slug", (("eq", slug),)),)))
        except BadArgument as error:
            raise NotCompilable("Query.tenant", f"is given arguments that are refused: {error}") from None
        settling.shape.append("slug")
        settling.list(self.place, wanted)
        return First(tenants_in_reach, self.place, taken(self.other, settling).fields)


@dataclass(frozen=True)
class ById:
    """`node`: its type is known with its id; `own` is the branch of the tenant that is read."""

    place: int
    arguments: Arguments[Any]
    branches: Mapping[str, Possible]
    own: Possible

    def settle(self, settling: Settling) -> Root:
        """The look-up, or null. Raises NotCompilable."""
        named = decode(self.arguments.asked(settling.variables)["id"])
        entity = BY_PREFIX.get(named[0]) if named else None
        is_own = entity is TENANT and named is not None and named[1] == settling.caller.tenant.id
        settling.shape.append((is_own, entity and entity.name))
        if named is None or entity is None:
            return NULL
        settling.demand(entity)
        settling.values.update(valued(self.place, {"id": named[1]}))
        branch = taken(self.own if is_own else self.branches[entity.name], settling)
        return Lookup(entity, self.place, branch.fields)


@dataclass(frozen=True)
class ByIds:
    """`nodes`, and `_entities` (`strict`: each must be there)."""

    place: int
    arguments: Arguments[Any]
    branches: Mapping[str, Possible]
    strict: bool

    def settle(self, settling: Settling) -> Root:
        """The look-ups. Raises NotCompilable."""
        given = self.arguments.asked(settling.variables)
        asked = given["representations"] if self.strict else given["ids"]
        found: dict[str, list[tuple[int, Any]]] = {}
        nothing = []
        for at, each in enumerate(asked):
            entity, row_id = _represented(each) if self.strict else _named(each)
            if entity is None:
                nothing.append(at)
            else:
                found.setdefault(entity.name, []).append((at, row_id))
        return self._lookups(settling, found, nothing)

    def _lookups(self, settling: Settling, found: dict[str, list[tuple[int, Any]]], nothing: list[int]) -> Root:
        kinds = []
        values: dict[str, Any] = {"nothing": nothing}
        for name in sorted(found):
            entity = BY_NAME[name]
            settling.demand(entity)
            kinds.append((entity, taken(self.branches[name], settling).fields))
            places, ids = zip(*found[name], strict=True)
            values |= {f"{name}_places": list(places), f"{name}_ids": list(ids)}
        settling.shape.append(tuple(sorted(found)))
        settling.values.update(valued(self.place, values))
        return Lookups(self.place, tuple(kinds), self.strict)


RootField: TypeAlias = Always | OfTenant | OneTenant | ById | ByIds


def _named(id_: str) -> tuple[Entity | None, Any]:
    named = decode(id_)
    return (BY_PREFIX.get(named[0]), named[1]) if named else (None, None)


def _represented(given: Any) -> tuple[Entity, Any]:
    """What a representation names; a bad one is an error for itself alone, which is not compiled."""
    if isinstance(given, dict) and isinstance(given.get("id"), str):
        entity, named = BY_NAME.get(str(given.get("__typename"))), decode(given["id"])
        if entity is not None and named is not None and named[0] is entity.prefix:
            return entity, named[1]
    raise NotCompilable("Query._entities", "is given a representation that names nothing")
