"""The arguments of a connection, checked, and what a connection shows (Relay's fields, and pages for those who count).

`first`/`last` are checked a second time here although the bounds have seen them: the edge door and the command line
come without a document.
"""

from typing import Any

from auth.codes import Code, Refusal
from loaders import cursor
from loaders.edges import Edge
from loaders.window import BadArgument, Page, Position, Window, frozen

DEFAULT_SIZE = 20
MAX_SIZE = 100
# How deep `page` may reach, in rows: cursors have no such bound, and cost the same at any depth.
MAX_OFFSET = 10_000
MAX_FILTER_DEPTH = 10
MAX_FILTER_TERMS = 100


def window(edge: Edge, given: dict[str, Any], *, counted: bool) -> Window:
    """The window that coerced arguments (`first after last before page filter search orderBy`) ask for.

    Raises:
        Refusal: BAD_USER_INPUT, naming the argument and what would do.
    """
    first, last, page = given.get("first"), given.get("last"), given.get("page")
    if last is not None and (first is not None or page is not None):
        raise _refused("last", "does not go with first or page: ask for one end of the list")
    if page is not None and (given.get("after") or given.get("before")):
        raise _refused("page", "does not go with after or before: count pages or follow cursors")
    size = last if last is not None else DEFAULT_SIZE if first is None else first
    if not 1 <= size <= MAX_SIZE:
        raise _refused("first" if last is None else "last", f"must be from 1 to {MAX_SIZE}, not {size}")
    if page is not None and not 1 <= page <= MAX_OFFSET // size:
        raise _refused("page", f"must be from 1 to {MAX_OFFSET // size} at {size} rows a page; cursors reach deeper")
    order, _, direction = (given.get("orderBy") or edge.target.default).rpartition("_")
    descending = direction == "DESC"
    check_filter(given.get("filter"))
    return Window(
        size=size,
        order=order,
        descending=descending,
        backward=last is not None,
        after=place(edge, order, "after", given.get("after"), descending=descending),
        before=place(edge, order, "before", given.get("before"), descending=descending),
        offset=(page - 1) * size if page else 0,
        filter=frozen(given.get("filter") or {}),
        search=given.get("search") or None,
        counted=counted,
    )


def place(edge: Edge, order: str, name: str, text: str | None, *, descending: bool) -> Position | None:
    """Where the cursor in the argument of that name points, if there is one. Raises Refusal (BAD_USER_INPUT)."""
    if text is None:
        return None
    try:
        return cursor.decode(edge, order, text, descending=descending)
    except BadArgument as error:
        raise _refused(name, str(error)) from None


def shown(edge: Edge, asked: Window, page: Page) -> dict[str, Any]:
    """The fields of a connection, by their names in the graph."""
    nodes = page.rows
    further = bool(asked.after if not asked.backward else asked.before) or asked.offset > 0
    value: dict[str, Any] = {
        "nodes": nodes,
        "edges": lambda _info: [{"cursor": cursor.encode(edge, asked, row), "node": row} for row in nodes],
        "pageInfo": {
            "hasNextPage": further if asked.backward else page.more,
            "hasPreviousPage": page.more if asked.backward else further,
            "startCursor": lambda _info: cursor.encode(edge, asked, nodes[0]) if nodes else None,
            "endCursor": lambda _info: cursor.encode(edge, asked, nodes[-1]) if nodes else None,
        },
    }
    if page.total is not None:
        value["totalCount"] = page.total
        value["paging"] = {
            "total": page.total,
            "page": asked.offset // asked.size + 1,
            "pages": -(-page.total // asked.size),
            "size": asked.size,
        }
    return value


def check_filter(given: Any) -> None:
    """Bound a filter input in depth and terms. Raises Refusal (BAD_USER_INPUT)."""
    terms = 0
    level = [given]
    depth = 0
    while level:
        depth += 1
        if depth > MAX_FILTER_DEPTH * 2:
            raise _refused("filter", f"nests deeper than {MAX_FILTER_DEPTH} levels; flatten it")
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                # One without a term is one all the same, or thousands of them would be free.
                terms += max(len(each), 1)
                below.extend(each.values())
            elif isinstance(each, list):
                below.extend(item for item in each if isinstance(item, dict))
        if terms > MAX_FILTER_TERMS:
            raise _refused("filter", f"has more than {MAX_FILTER_TERMS} terms; ask for less at once")
        level = below


def _refused(argument: str, why: str) -> Refusal:
    return Refusal(Code.BAD_USER_INPUT, f"Argument '{argument}' {why}.", extensions={"argument": argument})
