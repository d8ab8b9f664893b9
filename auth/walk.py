"""One walk over an operation of a valid document: what is selected where, and what each place asks for (law 2).

What a field or type asks for is declared in the schema and found here as `extensions["requirements"]` of a field and
`extensions["requirement"]` of an object type. Whatever `@skip` and `@include` say, every place is walked through.
"""

from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
)

from auth.limits.fragments import fragments_of
from auth.requirement import Requirement, any_of
from auth.scopes import Scope

SCHEMA_READ = any_of(Scope.SCHEMA_READ)
INTROSPECTION = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A field, or a fragment on a type that asks for something; `coordinate` is `Query.devices` or `Device`.

    `around` is the place that it stands in; `node` is the field's, None for a fragment.
    """

    coordinate: str
    requirements: tuple[Requirement, ...]
    around: "Place | None"
    node: FieldNode | None = None

    @property
    def key(self) -> str | None:
        """What a field is called in the answer."""
        return None if self.node is None else (self.node.alias or self.node.name).value

    def is_on(self, name: str) -> bool:
        """Whether it is a fragment on that type, or one inside such a fragment."""
        if self.node is not None:
            return False
        return self.coordinate == name or (self.around is not None and self.around.is_on(name))


def walk(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, *, expand: bool = False
) -> list[Place]:
    """The places of an operation, each after the one around it.

    Each fragment is entered once, since what it asks for does not depend on where it is spread: that is linear in the
    document. With `expand` it is entered once in each place, which is for documents whose bound on fields, fragments
    expanded, was checked: there are as many places, and for each at most one fragment on each type.
    """
    root = schema.get_root_type(operation.operation)
    assert root is not None, "validation let an operation through that has no root type"
    walking = _Walk(schema, document, expand=expand)
    walking.selections(root, operation.selection_set, None)
    return walking.found


class _Walk:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode, *, expand: bool) -> None:
        self._schema = schema
        self._fragments = fragments_of(document)
        self._expand = expand
        self._entered: set[tuple[str, Place | None]] = set()
        self.found: list[Place] = []

    def selections(
        self, parent: GraphQLCompositeType, selection_set: SelectionSetNode | None, around: Place | None
    ) -> None:
        for selection in selection_set.selections if selection_set else ():
            if isinstance(selection, FieldNode):
                self._field(parent, selection, around)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                self._condition(parent, condition.name.value if condition else None, selection.selection_set, around)
            elif isinstance(selection, FragmentSpreadNode) and self._enters(selection.name.value, around):
                fragment = self._fragments[selection.name.value]
                self._condition(parent, fragment.type_condition.name.value, fragment.selection_set, around)

    def _field(self, parent: GraphQLCompositeType, node: FieldNode, around: Place | None) -> None:
        name = node.name.value
        if name in INTROSPECTION:
            # What lies inside asks for nothing more, and may be large.
            self._enter(f"{parent.name}.{name}", (SCHEMA_READ,), around, node)
            return
        if name == "__typename" or not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            self._enter(f"{parent.name}.{name}", (), around, node)
            return
        field = parent.fields[name]
        entered = self._enter(f"{parent.name}.{name}", field.extensions.get("requirements", ()), around, node)
        target = get_named_type(field.type)
        if is_composite_type(target):
            self.selections(target, node.selection_set, entered)

    def _enters(self, fragment: str, around: Place | None) -> bool:
        key = fragment, around if self._expand else None
        first = key not in self._entered
        self._entered.add(key)
        return first

    def _condition(
        self, parent: GraphQLCompositeType, name: str | None, selection_set: SelectionSetNode, around: Place | None
    ) -> None:
        """A fragment on a concrete type asks for what that type asks, however its rows were reached."""
        target = self._schema.get_type(name) if name else parent
        requirement = target.extensions.get("requirement") if isinstance(target, GraphQLObjectType) else None
        if target is not None and is_composite_type(target):
            # The same condition again, in however many fragments in each other, asks for nothing more.
            if requirement and not (around and around.is_on(target.name)):
                around = self._enter(target.name, (requirement,), around)
            self.selections(target, selection_set, around)

    def _enter(
        self,
        coordinate: str,
        requirements: tuple[Requirement, ...],
        around: Place | None,
        node: FieldNode | None = None,
    ) -> Place:
        place = Place(coordinate, requirements, around, node)
        self.found.append(place)
        return place
