"""Tokens through the graph: what is asked for, and who asks."""

import uuid
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from auth.authentication import Authenticator
from auth.codes import Refusal
from auth.credentials import Address
from auth.principal import Caller, Principal
from auth.scopes import Scope
from models.hierarchy import Node
from schema.graph import Graph
from schema.operation import OperationRequest
from tests.ask import Ask, Outcome, caller_of
from tests.changing import EVERYTHING
from tests.clock import HeldClock
from tests.estate import Estate

CREATE, UPDATE, ROTATE, REVOKE = "createToken", "updateToken", "rotateToken", "revokeToken"
ROTATE_OWN, REVOKE_OWN = "rotateOwnToken", "revokeOwnToken"
TOKENS = (CREATE, UPDATE, ROTATE, REVOKE, ROTATE_OWN, REVOKE_OWN)
NAMING = (UPDATE, ROTATE, REVOKE)
FIELDS = """id name scopes node { id kind } networks createdAt updatedAt expiresAt revokedAt lastUsedAt lastUsedFrom
  overlapEndsAt version"""
PROBLEMS = """... on Problem { message } ... on Conflict { currentVersion } ... on Forbidden { missing }
  ... on Invalid { fields { path message } }"""
LIST = f"query ($filter: TokenFilter) {{ tokens(filter: $filter, orderBy: NAME_ASC) {{ nodes {{ {FIELDS} }} }} }}"
VERIFY = f"query ($text: String!) {{ verifyToken(token: $text) {{ state goodUntil token {{ {FIELDS} }} }} }}"
READ = "tenant.devices.read"
TokenNode = dict[str, Any]


def document(field: str, *, shows: bool = True) -> str:
    """The operation of one mutation, with all that it answers, or only what needs no right to read tokens."""
    name = f"{field[0].upper()}{field[1:]}Input"
    token = f"... on Token {{ {FIELDS} }}" if shows else ""
    if field in {CREATE, ROTATE, ROTATE_OWN}:
        inner = f"token {{ {FIELDS} }}" if shows else ""
        token = f"... on IssuedToken {{ secret {inner} }}"
    return f"mutation ($in: {name}!) {{ {field}(input: $in) {{ __typename {token} {PROBLEMS} }} }}"


async def change(ask: Ask, estate: Estate, field: str, **given: Any) -> TokenNode:
    """What a caller with every scope is answered; errors are not expected."""
    outcome = await ask(estate, document(field), *EVERYTHING, **{"in": given})
    assert outcome.errors == [], outcome.errors
    answered: TokenNode = outcome.data[field]
    return answered


async def created(ask: Ask, estate: Estate, name: str = "dashboard", **given: Any) -> TokenNode:
    """A new token's `secret` and `token`, for reading devices unless something else is given."""
    made = await change(ask, estate, CREATE, **{"name": name, "scopes": [READ], **given})
    assert made["__typename"] == "IssuedToken", made
    return made


async def listed(ask: Ask, estate: Estate, **condition: Any) -> list[TokenNode]:
    """The tenant's tokens, by name."""
    outcome = await ask(estate, LIST, Scope.TOKENS_READ, filter=condition or None)
    found: list[TokenNode] = outcome.data["tokens"]["nodes"]
    return found


def bound_to(estate: Estate, clock: HeldClock, node: Node, scopes: frozenset[Scope]) -> Caller:
    """A caller whose rights are bound to a node of its tenant."""
    caller = caller_of(estate.tenant, clock, scopes)
    return replace(caller, principal=replace(caller.principal, node=node))


def with_token(
    estate: Estate, clock: HeldClock, token_id: str, *scopes: Scope, acting_in: SimpleNamespace | None = None
) -> Caller:
    """A caller who showed this token."""
    caller = caller_of(estate.tenant, clock, frozenset(scopes), acting_in)
    return replace(caller, principal=replace(caller.principal, token_id=uuid.UUID(token_id.removeprefix("tok_"))))


async def ask_as(graph: Graph, caller: Caller, query: str, **variables: Any) -> Outcome:
    """What this caller is told."""
    return Outcome(await graph.run(OperationRequest(query, variables), caller, "a-request"))


async def shows(authenticator: Authenticator, secret: str, address: Address | None = None) -> Principal | str:
    """Who a secret is, asked anew, or with which words it is refused."""
    authenticator.forget()
    try:
        return await authenticator.authenticate([(b"x-auth-token", secret.encode())], address=address)
    except Refusal as refusal:
        return refusal.message


DAYS_90 = timedelta(days=90)
