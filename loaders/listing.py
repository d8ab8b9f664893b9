"""A list that an edge leads to: which rows are in it, in which order, and where its page begins and ends.

Both executors ask here, the one for many keys at once, the other inside the row that holds the key: so both list the
same, and neither can forget the tenant, the living or the reach.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select, true, tuple_
from sqlalchemy.types import Integer, Text, TypeEngine

from loaders import filters
from loaders.edges import Edge
from loaders.entities import Entity
from loaders.masking import Known, known
from loaders.reach import condition
from loaders.window import Position, Window
from models.hierarchy import Reach
from models.policies import is_tenant_data

# What stands for a value of a window, by its name and type: the value itself, or a parameter.
Say = Callable[[str, TypeEngine[Any]], Any]


class Values(NamedTuple):
    """A window taken apart: the shape of its filter, and its values by their names."""

    filter: filters.All
    named: dict[str, Any]


def values(entity: Entity, window: Window) -> Values:
    """What a window of the entity's rows is made of. Raises BadArgument."""
    shape, compared = filters.read(entity, window.filter)
    named = {"size": window.size, "offset": window.offset, **{str(at): value for at, value in enumerate(compared)}}
    named |= placed(after=window.after, before=window.before)
    if window.search is not None:
        named["search"] = filters.checked(window.search)
    return Values(shape, named)


def placed(**places: Position | None) -> dict[str, Any]:
    """The values of a window's places, by their names."""
    named: dict[str, Any] = {}
    for name, position in places.items():
        if position is not None:
            named[name], named[f"{name}_id"] = position.value, position.id
    return named


@dataclass(frozen=True)
class Listing:
    """The rows of an edge's target that belong to a key, as far as the `reach` of their entity goes.

    Of `window` only the shape is looked at; `say` gives its values.
    """

    edge: Edge
    tenant_id: uuid.UUID
    reach: Callable[[Entity], Reach]
    key: ColumnElement[Any]
    window: Window
    filter: filters.All
    say: Say

    @property
    def entity(self) -> Entity:
        """What is listed."""
        return self.edge.target

    @property
    def marked(self) -> bool:
        """Whether rows out of reach are among them, which are shown masked (`loaders.masking`)."""
        return self.edge.ancestor and self.reach(self.entity) is not None

    @cached_property
    def within(self) -> ColumnElement[bool]:
        """Whether a row lies within reach."""
        return condition(self.entity, self.tenant_id, self.reach(self.entity))

    @cached_property
    def belongs(self) -> ColumnElement[bool]:
        """Whether a row is in the list. One of ancestors holds what the key itself names although out of reach."""
        window, seen = self.window, self._seen
        return and_(
            there(self.entity, self.tenant_id),
            self.edge.joins(self.key),
            or_(self.within, self.entity.id == self.key) if self.marked else self.within,
            filters.shaped(self.entity, self.filter, self._bind(), seen),
            true() if window.search is None else filters.search(self.entity, self.say("search", Text()), seen),
        )

    def page(self, *columns: Any, further: int) -> Select[Any]:
        """The rows of the page and so many `further` ones beyond its far end; from the end where it is `backward`."""
        page = select(*columns).where(self.belongs, *self._between).order_by(*self.order)
        size = self.say("size", Integer())
        page = page.limit(size + literal_column(str(further)) if further else size)
        return page.offset(self.say("offset", Integer())) if self.window.offset else page

    def total(self) -> Select[Any]:
        """How many rows are in the list."""
        return select(func.count().label("total")).select_from(self.entity.table).where(self.belongs)

    @property
    def order(self) -> list[ColumnElement[Any]]:
        """What the page is read by: counted backward, in the opposite order."""
        descending = self.window.descending is not self.window.backward
        return [column.desc() if descending else column.asc() for column in self.places]

    @property
    def _seen(self) -> Known:
        return known(self.entity, self.tenant_id, self.reach, masked=self.marked)

    @property
    def places(self) -> list[Any]:
        """What a row's place is made of; the id breaks ties."""
        if self.window.order == "ID":
            return [self.entity.id]
        return [self._seen(self.entity.orders[self.window.order]), self.entity.id]

    @property
    def _between(self) -> list[ColumnElement[bool]]:
        conditions = []
        if self.window.after is not None:
            conditions.append(self._beyond("after", above=not self.window.descending))
        if self.window.before is not None:
            conditions.append(self._beyond("before", above=self.window.descending))
        return conditions

    def _beyond(self, name: str, *, above: bool) -> ColumnElement[bool]:
        order, row_id = self.places, self.say(f"{name}_id", self.entity.id.type)
        if len(order) == 1:
            return order[0] > row_id if above else order[0] < row_id  # type: ignore[no-any-return]
        place = tuple_(self.say(name, self.entity.orders[self.window.order].type), row_id)
        return tuple_(*order) > place if above else tuple_(*order) < place

    def _bind(self) -> filters.Bind:
        names = map(str, count())
        return lambda type_: self.say(next(names), type_)


def there(entity: Entity, tenant_id: uuid.UUID) -> ColumnElement[bool]:
    """Whether a row is the tenant's and lives.

    Statements name the tenant although row-level security does: indexes lead with it, engines route by it.
    """
    if not is_tenant_data(entity.sql):
        return entity.living
    return and_(entity.sql.c.tenant_id == tenant_id, entity.living)
