"""Revoking a token: for good, and in every process within five seconds. What was revoked already stays as it is."""

from collections.abc import Mapping
from typing import Any

from loaders.window import Row
from models import AuditAction
from resolvers.writing.change import Change
from resolvers.writing.tokens.held import held, own, written


async def revoke(change: Change, given: Mapping[str, Any]) -> Row:
    """The token that an input names, revoked. Raises Problem (NotFound or Conflict)."""
    return await _revoked(change, await held(change, given))


async def revoke_own(change: Change, _given: Mapping[str, Any]) -> Row:
    """The caller's own token, revoked. Raises Problem (Forbidden)."""
    return await _revoked(change, await own(change))


async def _revoked(change: Change, token: Row) -> Row:
    if token["revoked_at"] is not None:
        return token
    return await written(change, AuditAction.TOKEN_REVOKED, token, {"revoked_at": change.context.clock.now()})
