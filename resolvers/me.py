"""Who the caller is, as far as the caller may know."""

from collections.abc import Awaitable
from typing import Any

from auth.principal import ReachKind
from loaders.entities import TENANT
from loaders.window import Row
from models import PLATFORM_ID, ids
from models.ids import Prefix
from resolvers.context import Context, Info


def me(_root: Any, info: Info) -> dict[str, Any]:
    """The caller, its token and its reach."""
    context: Context = info.context
    principal = context.caller.principal
    return {
        "kind": principal.kind,
        "name": principal.name,
        "scopes": sorted(principal.scopes),
        "token": {
            "id": ids.encode(Prefix.TOKEN, principal.token_id),
            "name": principal.name,
            "expiresAt": principal.expires_at,
        },
        "reach": [
            {
                "id": ids.encode(Prefix.TENANT, principal.home.id),
                "kind": ReachKind.PLATFORM if principal.home.id == PLATFORM_ID else ReachKind.TENANT,
            }
        ],
    }


def tenant_of_me(_me: Any, info: Info) -> Awaitable[Row | None]:
    """The tenant that this request acts in."""
    context: Context = info.context
    return context.loaders.row(TENANT, context.tenant_id, context.tenant_id)
