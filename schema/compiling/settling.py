"""What a request makes of a plan: which branches are taken, and the values that its statement is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql.execution.values import VariableValues

from auth.principal import Caller
from auth.requirement import Requirement
from loaders.entities import Entity
from loaders.filters import All
from loaders.tree.parameters import TENANT_ID, ReachShape, reached, shape_of, valued
from loaders.tree.selection import Root
from loaders.window import Window
from models.hierarchy import Reach
from schema.compiling.arguments import List
from schema.compiling.branch import Lists
from schema.compiling.refusal import NotCompilable


@dataclass
class Settling:
    """One request's. `shape` tells apart what needs statements of different text; `values` are bound."""

    caller: Caller
    variables: VariableValues
    reads: Mapping[str, Requirement]
    roots: list[tuple[str, Root]] = field(default_factory=list)
    shape: list[Any] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    windows: dict[int, tuple[Window, All]] = field(default_factory=dict)
    reaches: dict[str, ReachShape] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Name the tenant."""
        self.values[TENANT_ID] = self.caller.tenant.id

    def demand(self, entity: Entity) -> None:
        """What the entity asks of who finds it by its id. Raises NotCompilable."""
        if self.reads[entity.name].missing(self.caller.scopes):
            raise NotCompilable(entity.name, "asks for a scope that the caller lacks")

    def take(self, lists: Lists) -> None:
        """Go into a branch: its lists, and how far each of its entities may be read. Raises NotCompilable."""
        for place, arguments in lists.arguments.items():
            self.list(place, arguments.asked(self.variables))
        for name in lists.entities:
            if name not in self.reaches:
                reach = self.caller.reach(self.reads[name])
                if reach is None:
                    self.reaches[name] = None
                else:
                    self._bounded(name, reach)

    def list(self, place: int, asked: List) -> None:
        """A list at a place."""
        self.windows[place] = (asked.window, asked.values.filter)
        self.shape.append(asked.shape)
        self.values.update(valued(place, asked.values.named))

    def _bounded(self, name: str, reach: Reach) -> None:
        shape = self.reaches[name] = shape_of(reach)
        self.shape.append((name, shape))
        self.values.update(reached(name, reach))
