"""Changing a token: its name freely, all else only to less than it is."""

from collections.abc import Mapping
from typing import Any

from auth.networks import covers, networks
from auth.requirement import AUTHENTICATED
from loaders.window import Row
from models import AuditAction
from models.hierarchy import Reach
from resolvers.problems import Forbidden, Invalid, Problem
from resolvers.writing.change import Change
from resolvers.writing.tokens import fields
from resolvers.writing.tokens.held import held, refuse_ended, written
from resolvers.writing.tokens.node import columns_of, found, names_tenant, node_of
from resolvers.writing.update import changes

INSTEAD = "A token is only ever narrowed: make another one for more."


async def update(change: Change, given: Mapping[str, Any]) -> Row:
    """The token with what the input names changed; what is not named stays.

    Raises:
        Problem: NotFound, Conflict, Invalid, or Forbidden for anything that is wider.
    """
    token = await held(change, given)
    refuse_ended(token, change.context.clock.now())
    columns = fields.all_checked(_checks(change, given))
    _refuse_wider(token, columns)
    if "node" in given:
        columns |= await _narrowed(change, token, given["node"])
    changed = changes(token, columns)
    if not changed:
        return token
    return await written(change, AuditAction.TOKEN_UPDATED, token, {name: columns[name] for name in changed})


def _checks(change: Change, given: Mapping[str, Any]) -> fields.Checks:
    now = change.context.clock.now()
    checks: fields.Checks = {
        "name": lambda: fields.name_of(given["name"]),
        "scopes": lambda: fields.scopes_of(change.tenant_id, given["scopes"]),
        "expiresAt": lambda: fields.end_of(now, None, _not_null(given["expiresAt"])),
        "networks": lambda: fields.networks_of(given["networks"]),
    }
    columns = {"expiresAt": "expires_at"}
    return {columns.get(name, name): check for name, check in checks.items() if name in given}


def _not_null(value: Any) -> Any:
    if value is None:
        raise Problem(Invalid("expiresAt", "expiresAt must not be null: every token ends."))
    return value


def _refuse_wider(token: Row, columns: Mapping[str, Any]) -> None:
    more = sorted(set(columns.get("scopes", ())) - set(token["scopes"]))
    if more:
        raise Problem(Forbidden(f"The token does not hold {', '.join(more)}. {INSTEAD}", ()))
    if columns.get("expires_at", token["expires_at"]) > token["expires_at"]:
        raise Problem(Forbidden(f"The token ends before that. {INSTEAD}", ()))
    if not covers(networks(token["networks"]), networks(columns.get("networks", token["networks"]))):
        raise Problem(Forbidden(f"The token may not be used from all of these networks. {INSTEAD}", ()))


async def _narrowed(change: Change, token: Row, text: str | None) -> Mapping[str, Any]:
    """The columns of a node beneath the present one."""
    present = node_of(token)
    if names_tenant(change.tenant_id, text):
        if present is not None:
            raise Problem(Forbidden(f"The token is bound to less than its tenant. {INSTEAD}", ()))
        return {}
    assert text is not None, "no node is the tenant"
    beneath: Reach = None if present is None else ((present,),)
    reaches = [change.context.caller.reach(AUTHENTICATED), beneath]
    covered = await found(change.connection, change.tenant_id, text, reaches)
    if not covered.by[1]:
        raise Problem(Forbidden(f"The token does not reach that. {INSTEAD}", ()))
    return columns_of(covered.node)
