"""What a token shows beyond its columns, and `verifyToken`: what a presented text comes to.

A text of another tenant's, of a token out of reach, and one that nobody was given are answered alike.
"""

from typing import Any

from graphql import VariableNode

from auth.bindings import node_of
from auth.codes import Code, Refusal
from auth.verifying import TokenState, judged
from loaders.entities import TOKEN
from loaders.window import Row
from models import PLATFORM_ID, AuditAction, TenantStatus, ids
from models.hierarchy import ReachKind
from models.ids import Prefix
from resolvers.auditing.record import told
from resolvers.context import Context, Info
from resolvers.me import PREFIXES
from resolvers.recording import record_of, target_of

UNKNOWN: Row = {"state": TokenState.UNKNOWN, "goodUntil": None, "token": None}


def node_of_token(row: Row, _info: Info) -> Row:
    """What a token is bound to, its whole tenant where that is no node of the estate."""
    node = node_of(row)
    if node is not None:
        return {"id": ids.encode(PREFIXES[node.kind], node.id), "kind": node.kind}
    kind = ReachKind.PLATFORM if row["tenant_id"] == PLATFORM_ID else ReachKind.TENANT
    return {"id": ids.encode(Prefix.TENANT, row["tenant_id"]), "kind": kind}


async def verify_token(_root: Any, info: Info, *, token: str) -> Row:
    """Whether the text is good, until when, and what for; that somebody asked is recorded.

    Raises:
        Refusal: BAD_USER_INPUT where the text stands in the document, which is kept and may be logged by anybody.
    """
    refuse_literal(info, "token")
    context: Context = info.context
    verified = await _verified(context, token)
    row = verified["token"]
    target = None if row is None else target_of(TOKEN, row)
    context.noted.append(record_of(context, AuditAction.TOKEN_VERIFIED, target, told(state=verified["state"])))
    return verified


async def _verified(context: Context, text: str) -> Row:
    named = await context.credentials.find(text)
    if named is None or named.tenant_id != context.tenant_id:
        return UNKNOWN
    row = await context.loaders.row(TOKEN, context.tenant_id, named.token_id)
    if row is None:
        return UNKNOWN
    state, until = judged(row, named.generation, context.clock.now(), owner_is_disabled=named.owner_is_disabled)
    if state is TokenState.ACTIVE and context.caller.tenant.status != TenantStatus.ACTIVE:
        state, until = TokenState.SUSPENDED, None
    return {"state": state, "goodUntil": until, "token": row}


def refuse_literal(info: Info, name: str) -> None:
    """Refuse a secret that stands in the document. Raises Refusal."""
    for node in info.field_nodes:
        given = [argument.value for argument in node.arguments or () if argument.name.value == name]
        if not all(isinstance(value, VariableNode) for value in given):
            raise Refusal(
                Code.BAD_USER_INPUT,
                f"Argument '{name}' must be a variable: a document is no place for a secret.",
                extensions={"argument": name},
            )
