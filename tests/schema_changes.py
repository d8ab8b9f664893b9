"""What a change of the schema breaks: graphql-core's comparison, with the rules of docs/schema-policy.md around it."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from graphql import (
    REMOVE,
    DirectiveNode,
    DocumentNode,
    EnumValueDefinitionNode,
    FieldDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    Node,
    ObjectTypeDefinitionNode,
    Visitor,
    build_ast_schema,
    parse,
    value_from_ast_untyped,
    visit,
)
from graphql.utilities import find_breaking_changes

CAN_BE_DEPRECATED = (FieldDefinitionNode, InputValueDefinitionNode, EnumValueDefinitionNode)
REASON = re.compile(r".+\. Gone after (\d{4}-\d{2}-\d{2})\.")


def breaking(released: str, proposed: str, today: date) -> list[str]:
    """What would break for a client of the released SDL, in words; what was announced to be gone by now is not told."""
    before, after = visit(parse(released), _WithoutGone(today)), parse(proposed)
    compared = find_breaking_changes(_schema(before), _schema(after))
    return [*(change.description for change in compared), *_narrowed(before, after)]


def undated(text: str) -> list[str]:
    """The reasons of deprecations that do not end in "Gone after" and a day of the calendar."""
    found = _Deprecations()
    visit(parse(text), found)
    return [reason for reason in found.reasons if _last_day(reason) is None]


class _Deprecations(Visitor):
    """Collects the reasons of all deprecations."""

    def __init__(self) -> None:
        super().__init__()
        self.reasons: list[str] = []

    def enter(self, node: Node, *_: Any) -> None:
        """Take down the node's, where it is deprecated."""
        reason = _reason(node)
        self.reasons += [] if reason is None else [reason]


class _WithoutGone(Visitor):
    """Takes away what clients were told would be gone by today."""

    def __init__(self, today: date) -> None:
        super().__init__()
        self._today = today

    def enter(self, node: Node, *_: Any) -> Any:
        """Remove the node where its day has passed."""
        last = _last_day(_reason(node) or "")
        return REMOVE if last is not None and last < self._today else None


def _reason(node: Node) -> str | None:
    for directive in node.directives or () if isinstance(node, CAN_BE_DEPRECATED) else ():
        if directive.name.value == "deprecated":
            return str(_arguments(directive).get("reason", ""))
    return None


def _arguments(directive: DirectiveNode) -> dict[str, Any]:
    return {argument.name.value: value_from_ast_untyped(argument.value) for argument in directive.arguments or ()}


def _last_day(reason: str) -> date | None:
    found = REASON.fullmatch(reason)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def _schema(document: DocumentNode) -> GraphQLSchema:
    """What clients can reach: a type goes with the last field that led to it. Federation's directives are no fault."""
    whole = build_ast_schema(document, assume_valid=True, assume_valid_sdl=True)
    arguments = whole.to_kwargs()
    implementers = [type_ for type_ in whole.type_map.values() if isinstance(type_, GraphQLObjectType)]
    arguments["types"] = tuple(type_ for type_ in implementers if type_.interfaces)
    return GraphQLSchema(**arguments)


def _narrowed(before: DocumentNode, after: DocumentNode) -> Iterator[str]:
    """The fields that a token could read and now cannot, whatever graphql-core thinks of it."""
    asked = _scopes(after)
    for field, choices in _scopes(before).items():
        if not all(any(new <= old for new in asked.get(field, choices)) for old in choices):
            yield f"{field} asks for scopes that it did not ask for."


def _scopes(document: DocumentNode) -> dict[str, list[set[str]]]:
    """The sets of scopes of which each field asks for one; a field that asks for none asks for the empty set."""
    found: dict[str, list[set[str]]] = {}
    for type_ in document.definitions:
        if isinstance(type_, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
            for field in type_.fields or ():
                asked = [each for each in field.directives or () if each.name.value == "requiresScopes"]
                choices = _arguments(asked[0])["scopes"] if asked else [[]]
                found[f"{type_.name.value}.{field.name.value}"] = [set(choice) for choice in choices]
    return found
