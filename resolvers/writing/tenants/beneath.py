"""The tenants that a change may touch: strictly beneath the one that the request acts in.

Row-level security says the same. A tenant out of reach is one that does not exist.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Uuid, any_, literal, select

from loaders.entities import TENANT
from loaders.window import Row
from models import TenantStatus, ids
from resolvers.problems import Forbidden, NotFound, Problem
from resolvers.writing.change import Change
from resolvers.writing.tenants.noun import TENANT_NOUN
from resolvers.writing.update import check_version

_MISSING = NotFound("There is no such tenant in reach.")
_OWN = Forbidden("This request acts in that tenant itself: act in the tenant above it.", ())


async def held(change: Change, given: Mapping[str, Any], *, deleted: bool = False) -> Row:
    """The tenant that an input's `id` names, locked, at the version that it expects; `deleted` finds those too.

    Raises:
        Problem: NotFound, Conflict, or Forbidden for the tenant that the request acts in.
    """
    tenant_id = named(given["id"])
    if tenant_id == change.tenant_id:
        raise Problem(_OWN)
    row = await _locked(change, tenant_id, share=False)
    if row is None or (row["status"] == TenantStatus.DELETED and not deleted):
        raise Problem(_MISSING)
    check_version(TENANT_NOUN, row, given.get("ifVersion"))
    return row


async def above(change: Change, tenant_id: uuid.UUID | None) -> Row:
    """The living tenant that another is to hang on: the one that is acted in, or one beneath it; held.

    Raises:
        Problem: NotFound.
    """
    row = await _locked(change, tenant_id, share=True)
    if row is None or row["status"] == TenantStatus.DELETED:
        raise Problem(_MISSING)
    return row


def named(text: str) -> uuid.UUID | None:
    """The tenant that an id names; None for another thing's id, and for none."""
    found = ids.decode(text)
    return found[1] if found is not None and found[0] is TENANT.prefix else None


async def _locked(change: Change, tenant_id: uuid.UUID | None, *, share: bool) -> Row | None:
    table = TENANT.sql
    in_reach = literal(change.tenant_id, Uuid) == any_(table.c.path)
    rows = await change.rows(select(table).where(table.c.id == tenant_id, in_reach).with_for_update(read=share))
    return rows[0] if rows else None
