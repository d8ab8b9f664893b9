"""One tenant, by its id or slug, or the caller's own."""

from collections.abc import Awaitable
from typing import Any

from auth.codes import Code, Refusal
from loaders.batch import Later
from loaders.edges import tenants_in_reach
from loaders.entities import TENANT
from loaders.window import Page, Row, Window
from models.ids import Prefix, decode
from resolvers.context import Context, Info


def tenant(
    _root: Any,
    info: Info,
    *,
    id: str | None = None,  # noqa: A002 (the graph's name)
    slug: str | None = None,
) -> Awaitable[Row | None] | None:
    """The tenant that is asked for; null where it is out of reach, as if there were none.

    The one that the request acts in is the ancestor of all that its caller may read: masked at worst. What is masked
    is not found by its slug.
    """
    context: Context = info.context
    if id is not None and slug is not None:
        raise Refusal(Code.BAD_USER_INPUT, "Give tenant either an id or a slug, not both.")
    if slug is not None:
        wanted = Window(size=1, order="ID", filter=(("slug", (("eq", slug),)),))
        return Later(context.loaders.page(tenants_in_reach, context.tenant_id, context.tenant_id, wanted), _first)
    named = decode(id) if id is not None else (Prefix.TENANT, context.tenant_id)
    if named is None or named[0] is not Prefix.TENANT:
        return None
    load = context.loaders.ancestor if named[1] == context.tenant_id else context.loaders.row
    return load(TENANT, context.tenant_id, named[1])


def _first(page: Page) -> Row | None:
    return page.rows[0] if page.rows else None
