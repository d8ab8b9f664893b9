"""`explainAccess`: what an operation asks for, and what of it a token may have. Nothing of the operation is run.

One's own right is free. Another token's takes the right to read that token: one that the caller may not read, a
neighbour's, and one that nobody was given are answered alike.
"""

import uuid
from typing import Any, NamedTuple

from auth.codes import Code, Refusal
from auth.explaining import Access, Explanation, explain
from auth.principal import Caller
from auth.verifying import TokenState, state_of
from loaders.entities import TOKEN
from loaders.window import Row
from models import AuditAction, ids
from models.hierarchy import Node
from resolvers.context import Context, Info
from resolvers.me import PREFIXES
from resolvers.recording import record_of, target_of
from resolvers.token import refuse_literal

MISSING = "There is no such token within reach; to explain another's takes tenant.tokens.read where that token is."


class Sought(NamedTuple):
    """A token by its id, or by a text, which is a secret of this `generation`."""

    tenant_id: uuid.UUID
    token_id: uuid.UUID
    generation: int | None = None


async def explain_access(_root: Any, info: Info, **given: Any) -> Row:
    """What the caller, or another `token`, may have of an `operation` with its `variables` and `operationName`.

    Raises:
        Refusal: NOT_FOUND for the token; whatever the operation would be refused with, scopes apart.
    """
    context: Context = info.context
    variables = given.get("variables")
    if not isinstance(variables, dict | None):
        raise Refusal(
            Code.BAD_USER_INPUT, "Argument 'variables' must be an object.", extensions={"argument": "variables"}
        )
    asked = context.examine(given["operation"], variables or {}, given.get("operationName"))
    caller, state = await _bearer(info, given.get("token"))
    return shown(explain(asked, caller, state))


async def _bearer(info: Info, token: str | None) -> tuple[Caller, TokenState]:
    """Who is asked about, in the tenant that the request acts in, and whether that token is good."""
    context: Context = info.context
    own = context.caller.principal
    sought = Sought(own.home.id, own.token_id) if token is None else await _sought(info, token)
    if sought is None or not (sought.token_id == own.token_id or await _may_read(context, sought)):
        raise Refusal(Code.NOT_FOUND, MISSING)
    if sought == (own.home.id, own.token_id, None):
        return context.caller, TokenState.ACTIVE
    bearer = await context.credentials.bearer(sought.tenant_id, sought.token_id)
    if bearer is None:
        raise Refusal(Code.NOT_FOUND, MISSING)
    if sought.token_id != own.token_id:
        target = target_of(TOKEN, {"id": sought.token_id})
        context.noted.append(record_of(context, AuditAction.ACCESS_EXPLAINED, target, {}))
    return Caller(bearer.principal, context.caller.tenant), state_of(bearer, sought.generation, context.clock.now())


async def _sought(info: Info, token: str) -> Sought | None:
    """The token that an id or a text names, of whatever tenant."""
    context: Context = info.context
    named = ids.decode(token)
    if named is not None:
        own = context.caller.principal
        home = own.home.id if named[1] == own.token_id else context.tenant_id
        return Sought(home, named[1]) if named[0] is TOKEN.prefix else None
    refuse_literal(info, "token")
    found = await context.credentials.find(token)
    return None if found is None else Sought(found.tenant_id, found.token_id, found.generation)


async def _may_read(context: Context, sought: Sought) -> bool:
    if sought.tenant_id != context.tenant_id:
        return False
    return await context.loaders.row(TOKEN, sought.tenant_id, sought.token_id) is not None


def shown(explanation: Explanation) -> Row:
    """An explanation as the graph shows it."""
    return {
        "allowed": explanation.allowed,
        "state": explanation.state,
        "fields": [shown_access(each) for each in explanation.fields],
        "smallestScopes": sorted(explanation.smallest),
        "lacking": sorted(explanation.lacking),
    }


def shown_access(access: Access) -> Row:
    """What becomes of one place, likewise."""
    asked = access.asked
    return {
        "path": list(asked.path),
        "coordinate": asked.coordinate,
        "scopes": [sorted(choice) for choice in asked.requirement.choices],
        "granted": access.granted,
        "reason": access.reason,
        "missing": sorted(access.missing),
        "within": [[_node(node) for node in nodes] for nodes in access.within or ()],
    }


def _node(node: Node) -> Row:
    return {"id": ids.encode(PREFIXES[node.kind], node.id), "kind": node.kind}
