"""Nobody grants what they do not hold: the scopes that a caller gives on, and the node that it gives them for.

How long the caller's own token lives, and from which networks it may be used, bounds nothing that it makes.
"""

from collections.abc import Collection

from sqlalchemy import select

from auth.requirement import AUTHENTICATED, all_of
from auth.scopes import Scope
from loaders.entities import TOKEN
from loaders.reach import condition
from loaders.window import Row
from models.hierarchy import Node, Reach
from resolvers.problems import Forbidden, Problem
from resolvers.writing.change import Change
from resolvers.writing.node import found, names_tenant


async def granted_node(change: Change, scopes: Collection[str], text: str | None, giving: Scope) -> Node | None:
    """What these scopes may be given for, by who holds `giving`; None is the whole tenant.

    Raises:
        Problem: NotFound, or Forbidden where the caller does not hold one of the scopes there.
    """
    _demand_held(change, scopes)
    reaches = _reaches(change, scopes, giving)
    if names_tenant(change.tenant_id, text):
        if any(reach is not None for reach in reaches.values()):
            message = "The whole tenant is further than you reach: name a node within your own reach."
            raise Problem(Forbidden(message, ()))
        return None
    assert text is not None, "no node is the tenant"
    seen = change.context.caller.reach(AUTHENTICATED)
    covered = await found(change.connection, change.tenant_id, text, [seen, *reaches.values()])
    lacking = [scope for scope, held in zip(reaches, covered.by[1:], strict=True) if not held]
    if lacking:
        raise Problem(Forbidden("Nobody gives on scopes where they do not hold them.", tuple(lacking)))
    return covered.node


def demand_everywhere(change: Change, scopes: Collection[str]) -> None:
    """Refuse a caller who does not hold these scopes in the whole tenant. Raises Problem (Forbidden)."""
    _demand_held(change, scopes)
    lacking = [each for each in sorted(scopes) if change.context.caller.reach(all_of(Scope(each))) is not None]
    if lacking:
        raise Problem(Forbidden("Nobody gives on scopes where they do not hold them.", tuple(lacking)))


async def demand_all_of(change: Change, token: Row) -> None:
    """Refuse a caller the secret of a token that may do what the caller may not. Raises Problem (Forbidden)."""
    known = [scope for scope in token["scopes"] if scope in set(Scope)]
    _demand_held(change, known)
    reaches = _reaches(change, known, Scope.TOKENS_WRITE)
    if all(reach is None for reach in reaches.values()):
        return
    table = TOKEN.sql
    lies = [condition(TOKEN, change.tenant_id, reach) for reach in reaches.values()]
    within = select(table.c.id).where(table.c.tenant_id == change.tenant_id, table.c.id == token["id"], *lies)
    if not await change.rows(within):
        raise Problem(Forbidden("The token reaches further than you do.", ()))


def _demand_held(change: Change, scopes: Collection[str]) -> None:
    missing = sorted(set(scopes) - set(change.context.caller.scopes))
    if missing:
        raise Problem(Forbidden("Nobody gives on scopes that they do not hold.", tuple(missing)))


def _reaches(change: Change, scopes: Collection[str], giving: Scope) -> dict[str, Reach]:
    """Where the caller holds what is given on, and the right to give."""
    return {each: change.context.caller.reach(all_of(Scope(each))) for each in sorted({*scopes, giving})}
