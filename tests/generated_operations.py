"""Operations made from the schema: every field, list and fragment, with arguments that fit a small estate."""

from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    print_ast,
)
from graphql.utilities import value_to_literal
from hypothesis import strategies as st

from loaders.cursor import encode
from loaders.window import Window
from tests.generated_rows import DAY, HARD, MOMENT, PRICE, TEXT
from tests.reach_model import Model

DEPTH = 4
# Of the root fields those that read; the others are computed wherever they stand.
ROOTS = ("devices", "locations", "areas", "organizations", "deviceTypes", "tenants", "tenant", "node", "nodes",
         "_entities", "tokens", "users", "serviceAccounts", "roles", "roleBindings", "auditEvents", "me",
         "__typename")  # fmt: skip
# Their rows are of other tenants, or they are asked with what no caller of a test holds.
STRANGE = {"ten_00000000-0000-7000-8000-000000000000", "dev_nonsense", "nonsense", "DEV_1"}


@dataclass
class Writing:
    """One operation in the making."""

    data: st.DataObject
    schema: GraphQLSchema
    model: Model
    ids: dict[str, list[str]]
    variables: dict[str, Any] = field(default_factory=dict)
    declared: list[str] = field(default_factory=list)
    fragments: list[str] = field(default_factory=list)
    names: int = 0

    def document(self) -> str:
        """The text; what it is given is in `variables`."""
        roots = [self.root(name) for name in self.pick(st.lists(st.sampled_from(ROOTS), min_size=1, max_size=3))]
        return self._whole("query", roots)

    def mutation(self) -> str:
        """The text of changes that change nothing: what they answer can be asked for again and again."""
        names = self.pick(st.lists(st.sampled_from([name for name in self.ids if name != "Tenant"]), max_size=2))
        return self._whole("mutation", ["__typename", *(self.unchanged(name) for name in names)])

    def unchanged(self, name: str) -> str:
        """A thing of this type that is written as it is, mostly."""
        mutation = self.schema.mutation_type
        assert mutation is not None
        result = get_named_type(mutation.fields[f"update{name}"].type)
        assert isinstance(result, GraphQLUnionType)
        id_ = self.pick(self.some_id() if self.rarely() else st.sampled_from(self.ids[name]))
        said = self.said(GraphQLNonNull(GraphQLID), id_)
        thing = f"... on {name} {{ {self.selection(self.schema.type_map[name], DEPTH - 1)} }}"
        return f"{self.name('u')}: update{name}(input: {{id: {said}}}) {{ {thing} {self.abstract(result, 1)} }}"

    def _whole(self, kind: str, roots: list[str]) -> str:
        declared = f" ({', '.join(self.declared)})" if self.declared else ""
        return "\n".join([f"{kind}{declared} {{ {' '.join(roots)} }}", *self.fragments])

    def root(self, name: str) -> str:
        """A root field under a name of its own."""
        query = self.schema.query_type
        assert query is not None
        return self.field(query, name, DEPTH)

    def selection(self, type_: GraphQLNamedType, depth: int) -> str:
        """Some fields of a type, some of them in fragments."""
        if isinstance(type_, GraphQLInterfaceType | GraphQLUnionType):
            return self.abstract(type_, depth)
        assert isinstance(type_, GraphQLObjectType)
        names = [
            "__typename",
            *(name for name, each in type_.fields.items() if depth or is_leaf_type(get_named_type(each.type))),
        ]
        chosen = self.pick(st.lists(st.sampled_from(names), min_size=1, max_size=4))
        parts = [self.field(type_, name, depth - 1) for name in chosen]
        if self.rarely():
            parts.append(f"... on {type_.name} {self.directive()} {{ {self.selection(type_, max(depth - 1, 0))} }}")
        if self.rarely():
            name = self.name("F")
            self.fragments.append(f"fragment {name} on {type_.name} {{ {self.selection(type_, max(depth - 1, 0))} }}")
            parts += [f"...{name} {self.directive()}", f"...{name}"]
        return " ".join(parts)

    def abstract(self, type_: GraphQLInterfaceType | GraphQLUnionType, depth: int) -> str:
        """What is asked of whatever is found, and of some types."""
        parts = ["__typename", "... on Node { id }"]
        types = self.pick(st.lists(st.sampled_from([*self.schema.get_possible_types(type_)]), max_size=3))
        parts += [f"... on {possible.name} {{ {self.selection(possible, depth)} }}" for possible in types]
        return " ".join(parts)

    def field(self, parent: GraphQLObjectType, name: str, depth: int) -> str:
        """A field, under its own name where nothing could be said twice in different ways."""
        if name == "__typename":
            return name
        declared = parent.fields[name]
        target = get_named_type(declared.type)
        if is_leaf_type(target):
            alias = f"{self.name('a')}: " if self.rarely() else ""
            return f"{alias}{name} {self.directive()}"
        arguments = self.arguments(declared)
        return f"{self.name('b')}: {name}{arguments} {self.directive()} {{ {self.selection(target, depth)} }}"

    def arguments(self, declared: GraphQLField) -> str:
        """Some of a field's arguments; all of those that it needs."""
        edge = getattr(declared.extensions.get("declaration"), "edge", None)
        given: dict[str, Any] = {}
        if "ids" in declared.args:
            given["ids"] = self.pick(st.lists(self.some_id(), max_size=6))
        elif "representations" in declared.args:
            given["representations"] = [self.represented() for _ in range(self.pick(st.integers(0, 5)))]
        elif "slug" in declared.args:
            given |= self.pick(st.sampled_from([{}, {"id": self.pick(self.some_id())}, {"slug": self.pick(TEXT)}]))
        elif "id" in declared.args:
            given["id"] = self.pick(self.some_id())
        elif edge is not None and edge.many:
            given = self.of_list(declared, edge)
        if not given:
            return ""
        said = [f"{name}: {self.said(declared.args[name].type, value)}" for name, value in given.items()]
        return f"({', '.join(said)})"

    def of_list(self, declared: GraphQLField, edge: Any) -> dict[str, Any]:
        """A window: pages from either end, after and before rows, filters, a search and an order."""
        given: dict[str, Any] = {}
        order = self.pick(st.sampled_from([*get_named_type(declared.args["orderBy"].type).values, None]))  # type: ignore[attr-defined]
        if order is not None:
            given["orderBy"] = order
        size = self.pick(
            st.sampled_from(
                [{"first": 2}, {"first": 3}, {"first": 1, "page": 2}, {"last": 2}, {}, {"first": 3, "page": 1}]
            )
        )
        given |= size
        rows = [*self.model.rows.get(edge.target.name, {}).items()]
        for name in ("after", "before"):
            if rows and "page" not in size and self.rarely():
                given[name] = self.cursor(edge, order or "ID_ASC", rows)
        if self.rarely():
            given["filter"] = self.filter(get_named_type(declared.args["filter"].type), 2)
        if "search" in declared.args and self.rarely():
            given["search"] = self.pick(TEXT)
        return given

    def cursor(self, edge: Any, order: str, rows: list[Any]) -> str:
        """Of one of the rows, or none at all."""
        name, _, direction = order.rpartition("_")
        row_id, row = self.pick(st.sampled_from(rows))
        if self.rarely() and self.rarely():
            return "nonsense"
        window = Window(size=1, order=name, descending=direction == "DESC")
        return encode(edge, window, {**row, "id": row_id})

    def filter(self, type_: Any, depth: int) -> Any:
        """A condition or two."""
        assert isinstance(type_, GraphQLInputObjectType)
        given: dict[str, Any] = {}
        for name in self.pick(st.lists(st.sampled_from([*type_.fields]), max_size=2)):
            target: Any = get_nullable_type(type_.fields[name].type)
            if name in {"and", "or"}:
                given[name] = [
                    self.filter(type_, depth - 1) for _ in range(self.pick(st.integers(0, 2)) if depth else 0)
                ]
            elif name == "not":
                given[name] = self.filter(type_, depth - 1) if depth else None
            else:
                given[name] = self.conditions(target)
        return given

    def conditions(self, type_: GraphQLInputObjectType) -> dict[str, Any]:
        """Some operators of a column."""
        chosen = self.pick(st.lists(st.sampled_from([*type_.fields]), max_size=2))
        return {name: self.operand(type_.fields[name].type) for name in chosen}

    def operand(self, type_: Any) -> Any:
        """A value of a scalar's type, a list of them, or null."""
        return None if self.rarely() and self.rarely() else self.item(type_)

    def item(self, type_: Any) -> Any:
        """The same, never null."""
        bare: Any = get_nullable_type(type_)
        if isinstance(bare, GraphQLList):
            return [self.item(bare.of_type) for _ in range(self.pick(st.integers(0, 2)))]
        if isinstance(bare, GraphQLEnumType):
            return self.pick(st.sampled_from([*bare.values]))
        return self.pick(self.scalar(bare.name))

    def scalar(self, name: str) -> st.SearchStrategy[Any]:
        """A value as a client sends it."""
        known: dict[str, st.SearchStrategy[Any]] = {
            "ID": self.some_id(),
            "String": st.one_of(TEXT, st.sampled_from([f"{each}*" for each in HARD]), st.sampled_from(["*a*", "*"])),
            "Int": st.integers(-(2**31), 2**31 - 1),
            "Float": st.floats(-200, 200),
            "Boolean": st.booleans(),
            "DateTime": MOMENT.map(lambda moment: moment.isoformat()),
            "Date": DAY.map(lambda day: day.isoformat()),
            "Decimal": PRICE.map(str),
        }
        return known[name]

    def said(self, type_: Any, value: Any) -> str:
        """A value in the document, or a variable that holds it."""
        literal = None if self.often() else value_to_literal(value, type_)
        if literal is not None:
            return print_ast(literal)
        name = self.name("v")
        self.variables[name] = value
        self.declared.append(f"${name}: {type_}")
        return f"${name}"

    def some_id(self) -> st.SearchStrategy[str]:
        """Of a thing of the estate, of nothing, or none."""
        return st.sampled_from([*(each for ids in self.ids.values() for each in ids), *sorted(STRANGE)])

    def represented(self) -> Any:
        """A thing of the estate, mostly."""
        name = self.pick(st.sampled_from([*self.ids]))
        if self.rarely() and self.rarely():
            return {"__typename": name, "id": self.pick(self.some_id())}
        return {"__typename": name, "id": self.pick(st.sampled_from(self.ids[name]))}

    def directive(self) -> str:
        """Mostly none."""
        if not self.rarely():
            return ""
        word, on = self.pick(st.sampled_from(["skip", "include"])), self.pick(st.booleans())
        return f"@{word}(if: {self.said(GraphQLNonNull(GraphQLBoolean), on)})"

    def name(self, letter: str) -> str:
        """One that was not used yet."""
        self.names += 1
        return f"{letter}{self.names}"

    def pick(self, strategy: st.SearchStrategy[Any]) -> Any:
        """Draw."""
        return self.data.draw(strategy)

    def rarely(self) -> bool:
        """One time in four."""
        return bool(self.pick(st.integers(0, 3)) == 3)

    def often(self) -> bool:
        """Every other time."""
        return bool(self.pick(st.booleans()))
