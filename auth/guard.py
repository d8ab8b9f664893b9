"""The scope guard: one static pass for each distinct operation (law 2).

A missing scope refuses the whole operation before anything runs, and the refusal names every missing scope and the
field that asks for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode

from auth.codes import Code, Refusal
from auth.requirement import Requirement
from auth.scopes import Scope
from auth.walk import walk


@dataclass(frozen=True)
class Demand:
    """One thing that an operation asks of its caller; `field` is a coordinate such as `Query.devices`."""

    field: str
    requirement: Requirement


def demands(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> tuple[Demand, ...]:
    """Everything that a validated operation asks for, each thing once; linear in the document."""
    asked = (
        Demand(place.coordinate, requirement)
        for place in walk(schema, document, operation)
        for requirement in place.requirements
        if requirement.choices
    )
    return tuple(dict.fromkeys(asked))


def enforce(asked: Iterable[Demand], held: frozenset[Scope]) -> None:
    """Let an operation through, or refuse it whole.

    Raises:
        Refusal: FORBIDDEN_SCOPE with `missing: [{field, scopes}]`.
    """
    missing = [(demand.field, demand.requirement.missing(held)) for demand in asked]
    lacking = [(field, sorted(scopes)) for field, scopes in missing if scopes]
    if not lacking:
        return
    scopes = sorted({scope for _, each in lacking for scope in each})
    fields = "; ".join(f"{field} asks for {', '.join(each)}" for field, each in lacking)
    raise Refusal(
        Code.FORBIDDEN_SCOPE,
        f"The token lacks {', '.join(scopes)}: {fields}.",
        headers=(
            (
                "WWW-Authenticate",
                f'Bearer realm="tenantry", error="insufficient_scope", scope="{" ".join(scopes)}"',
            ),
        ),
        extensions={"missing": [{"field": field, "scopes": each} for field, each in lacking]},
    )
