"""Creating a tenant beneath the one that the request acts in."""

from collections.abc import Mapping
from typing import Any

from loaders.window import Row
from models.event import ChangeKind
from models.tenant import short_id
from resolvers.tenants import check_depth
from resolvers.writing.change import Change
from resolvers.writing.create import inserted
from resolvers.writing.nouns import Noun
from resolvers.writing.tenants.beneath import above, named
from resolvers.writing.values import checked


async def create(change: Change, noun: Noun, given: Mapping[str, Any]) -> Row:
    """The new tenant; without `parentId` it lies directly beneath the one that is acted in.

    Raises:
        Problem: Invalid, NotFound (the parent), or Conflict (a sixth level); nothing was created.
    """
    values = checked(noun, given, creating=True)
    parent_id = given.get("parentId")
    parent = await above(change, change.tenant_id if parent_id is None else named(parent_id))
    check_depth(parent["path"])
    tenant_id, now = change.context.clock.new_id(), change.context.clock.now()
    row = {
        "id": tenant_id,
        "short_id": short_id(tenant_id),
        "parent_id": parent["id"],
        "path": [*parent["path"], tenant_id],
        "created_at": now,
        "updated_at": now,
        **values,
    }
    made = await inserted(change, noun.entity.sql, row)
    change.tell(ChangeKind.CREATED, noun.entity, made, [*values, "parent_id"])
    return made
