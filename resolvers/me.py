"""Who the caller is, as far as the caller may know."""

from collections.abc import Awaitable, Sequence
from typing import Any

from auth.principal import Principal
from loaders.entities import TENANT
from loaders.window import Row
from models import PLATFORM_ID, ids
from models.hierarchy import Node, ReachKind
from models.ids import Prefix
from resolvers.context import Context, Info

# What a node's id names.
PREFIXES = {
    ReachKind.ORGANIZATION: Prefix.ORGANIZATION,
    ReachKind.LOCATION: Prefix.LOCATION,
    ReachKind.AREA: Prefix.AREA,
}


def me(_root: Any, info: Info) -> dict[str, Any]:
    """The caller, its token and its reach."""
    context: Context = info.context
    principal, account = context.caller.principal, context.caller.principal.account
    # An issuer's token has no id of ours: it is named by the account that signed in.
    shown = account.prefix if account is not None and principal.signed_in else Prefix.TOKEN
    return {
        "kind": principal.kind,
        "name": principal.called,
        "scopes": sorted(context.caller.scopes),
        "token": {
            "id": ids.encode(shown, principal.token_id),
            "name": principal.name,
            "expiresAt": principal.expires_at,
        },
        "account": None if account is None else {"id": ids.encode(account.prefix, account.id), "name": account.name},
        "reach": [_reach(principal, node) for node in _nodes(principal)],
    }


def _nodes(principal: Principal) -> Sequence[Node | None]:
    """What its rights are bound to, each once; None is its whole tenant."""
    return list(dict.fromkeys(node for grant in principal.grants for node in grant.nodes or (None,)))


def _reach(principal: Principal, node: Node | None) -> dict[str, Any]:
    if node is not None:
        return {"id": ids.encode(PREFIXES[node.kind], node.id), "kind": node.kind}
    kind = ReachKind.PLATFORM if principal.home.id == PLATFORM_ID else ReachKind.TENANT
    return {"id": ids.encode(Prefix.TENANT, principal.home.id), "kind": kind}


def tenant_of_me(_me: Any, info: Info) -> Awaitable[Row | None]:
    """The tenant that this request acts in: the ancestor of all that its caller may read."""
    context: Context = info.context
    return context.loaders.ancestor(TENANT, context.tenant_id, context.tenant_id)
