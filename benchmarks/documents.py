"""Documents made from the schema, so that a field or an edge that is added tomorrow is counted tomorrow."""

from collections.abc import Callable, Iterator

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
)

# Which edges of a type are followed, by their name and the type that they lead to.
Follow = Callable[[str, GraphQLObjectType], bool]


def all_edges(_name: str, _target: GraphQLObjectType) -> bool:
    """Follow every edge, one step."""
    return True


def no_edge(_name: str, _target: GraphQLObjectType) -> bool:
    """Stay with the thing itself."""
    return False


def selection(of: GraphQLObjectType, follow: Follow = all_edges) -> str:
    """All that a type shows, and one step along its edges: of one thing its fields, of a list two ids and the total."""
    return " ".join(_selected(of, follow))


def _item(name: str, _target: GraphQLObjectType) -> bool:
    """Of many things at once each, with all that it shows."""
    return name == "device"


def connection(schema: GraphQLSchema, name: str, follow: Follow = all_edges) -> str:
    """A root field that lists: the largest page, sorted, filtered, searched and counted, as far as it can be."""
    field = root_fields(schema)[f"Query.{name}"]
    rows = selection(listed(field), follow)
    sought = 'orderBy: NAME_ASC, search: "some", ' if "search" in field.args else ""
    return (
        f"{{ {name}(first: 100, {sought}filter: {{createdAt: {{isNull: false}}}}) "
        f"{{ totalCount pageInfo {{ hasNextPage endCursor }} paging {{ pages }} nodes {{ {rows} }} }} }}"
    )


def mutation(schema: GraphQLSchema, name: str) -> str:
    """A root field that changes: the thing with all that it shows, or the problem."""
    field = root_fields(schema)[f"Mutation.{name}"]
    union = get_named_type(field.type)
    assert isinstance(union, GraphQLUnionType), f"{name} answers no union"
    things = [each for each in union.types if "Problem" not in {above.name for above in each.interfaces}]
    shown = " ".join(f"... on {each.name} {{ {selection(each, _item)} }}" for each in things)
    [given] = field.args.values()
    return (
        f"mutation ($in: {given.type}) {{ {name}(input: $in) {{ __typename {shown} ... on Problem {{ message }} }} }}"
    )


def root_fields(schema: GraphQLSchema) -> dict[str, GraphQLField]:
    """Every way into the graph, by type and field."""
    roots = [each for each in (schema.query_type, schema.mutation_type, schema.subscription_type) if each is not None]
    return {f"{root.name}.{name}": field for root in roots for name, field in root.fields.items()}


def listed(field: GraphQLField) -> GraphQLObjectType:
    """The type whose rows a connection lists."""
    row = _row_type(get_named_type(field.type))
    assert row is not None, f"{field.type} is no connection"
    return row


def _selected(of: GraphQLObjectType, follow: Follow) -> Iterator[str]:
    for name, field in of.fields.items():
        target = get_named_type(field.type)
        if is_leaf_type(target):
            yield name
            continue
        if isinstance(target, GraphQLInterfaceType):
            yield f"{name} {{ __typename }}"
            continue
        assert isinstance(target, GraphQLObjectType), f"{of.name}.{name} is {target.name}: say how it is selected"
        row = _row_type(target)
        if row is not None:
            if follow(name, row):
                yield f"{name}(first: 2) {{ totalCount nodes {{ id }} }}"
        elif "Node" not in _interfaces(target) or follow(name, target):
            yield f"{name} {{ {selection(target, no_edge if 'Node' in _interfaces(target) else follow)} }}"


def _interfaces(of: GraphQLObjectType) -> set[str]:
    return {each.name for each in of.interfaces}


def _row_type(target: GraphQLNamedType) -> GraphQLObjectType | None:
    """What a connection lists; None for any other type."""
    nodes = target.fields.get("nodes") if isinstance(target, GraphQLObjectType) else None
    row = get_named_type(nodes.type) if nodes else None
    return row if isinstance(row, GraphQLObjectType) else None
