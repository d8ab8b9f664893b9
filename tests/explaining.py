"""Having operations explained through the graph, and seeing what became of each of their paths."""

from typing import Any

from auth.scopes import Scope
from tests.ask import Ask, Outcome
from tests.estate import Estate

EXPLAIN = """query ($operation: String!, $variables: JSON, $operationName: String, $token: String) {
  explainAccess(operation: $operation, variables: $variables, operationName: $operationName, token: $token) {
    allowed state smallestScopes lacking
    fields { path coordinate scopes granted reason missing within { id kind } } } }"""
DEVICES = "{ devices { nodes { serial location { name } } } }"
Explained = dict[str, Any]


def told(outcome: Outcome) -> Explained:
    """The explanation; errors are not expected."""
    assert outcome.errors == [], outcome.errors
    explanation: Explained = outcome.data["explainAccess"]
    return explanation


async def explained(ask: Ask, estate: Estate, operation: str, *scopes: Scope, **given: Any) -> Explained:
    """What a caller with exactly these scopes is told of the operation."""
    return told(await ask(estate, EXPLAIN, *scopes, operation=operation, **given))


def by_path(explanation: Explained, name: str) -> dict[str, Any]:
    """One thing that is told, by the paths; of fragments by their path and the type."""
    return {
        ".".join([*field["path"], *([] if "." in field["coordinate"] else [f"({field['coordinate']})"])]): field[name]
        for field in explanation["fields"]
    }
