"""The bounds that need neither the schema nor the variables.

Each fragment is measured once, after those that it spreads, and is refused where it is too much already: so the work
is linear in the document, and no number can grow without end.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from graphql import DocumentNode, OperationDefinitionNode

from auth.codes import Code, Refusal
from auth.limits.fragments import fragments_of, innermost_first
from auth.limits.limits import Limits
from auth.limits.measure import Measure, measure_definition


@dataclass(frozen=True, slots=True)
class Bound:
    """`name` is the attribute of `Measure` and of `Limits`; `counted` says what `{}` of them are."""

    code: Code
    name: str
    counted: str
    advice: str


# Where several are crossed, the first is told: what explains more stands above what follows from it.
BOUNDS = (
    Bound(
        Code.LIMIT_DEPTH,
        "introspection_lists",
        "nests {} lists of introspection in each other",
        "Ask for the schema with the standard introspection query.",
    ),
    Bound(
        Code.LIMIT_ALIASES,
        "introspection_aliases",
        "has {} aliases in introspection, fragments expanded",
        "Ask for the schema once, without aliases.",
    ),
    Bound(
        Code.LIMIT_DEPTH,
        "depth",
        "is {} fields deep, edges, node and nodes not counted",
        "Ask for the inner part by id, in an operation of its own.",
    ),
    Bound(
        Code.LIMIT_ALIASES,
        "aliases",
        "has {} aliases, fragments expanded",
        "Use lists and variables, or several operations.",
    ),
    Bound(
        Code.LIMIT_DIRECTIVES, "directives_at_once", "has {} directives at one place", "Leave out what does nothing."
    ),
    Bound(
        Code.LIMIT_DIRECTIVES, "directives", "has {} directives, fragments expanded", "Put them around more at once."
    ),
    Bound(Code.LIMIT_FIELDS, "fields", "selects {} fields, fragments expanded", "Ask for less at once."),
)

# Depth does not add up, and a fragment may be meant for introspection, where it does not count.
FRAGMENT_BOUNDS = tuple(bound for bound in BOUNDS if bound.name != "depth")


def check_document(document: DocumentNode, limits: Limits) -> None:
    """Let a document pass that keeps the bounds; it may be invalid in any other way.

    Raises:
        Refusal: LIMIT_…, or GRAPHQL_VALIDATION_FAILED for fragments that spread each other in a circle.
    """
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if len(operations) > limits.operations:
        raise Refusal(
            Code.LIMIT_OPERATIONS,
            f"The document has {len(operations)} operations; the limit is {limits.operations}. Send fewer at once.",
            extensions={"counted": len(operations), "limit": limits.operations},
        )
    fragments = fragments_of(document)
    known: dict[str, Measure] = {}
    for fragment in innermost_first(fragments, fragments):
        name = fragment.name.value
        known[name] = measure_definition(fragment, known)
        _check(f"Fragment '{name}'", known[name], FRAGMENT_BOUNDS, limits)
    for operation in operations:
        title = f"Operation '{operation.name.value}'" if operation.name else "The operation"
        _check(title, measure_definition(operation, known), BOUNDS, limits)


def _check(title: str, measure: Measure, bounds: Iterable[Bound], limits: Limits) -> None:
    for bound in bounds:
        counted: int = getattr(measure, bound.name)
        limit: int = getattr(limits, bound.name)
        if counted > limit:
            raise Refusal(
                bound.code,
                f"{title} {bound.counted.format(f'{counted:,}')}; the limit is {limit:,}. {bound.advice}",
                extensions={"counted": counted, "limit": limit},
            )
