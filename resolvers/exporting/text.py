"""Values as text, exact: what is read back is what was written."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson

QUOTED = re.compile('[",\r\n]')
# In JSON as PostgreSQL writes it: a text, or a blank between two values.
TEXT_OR_BLANK = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")| ')


def csv_line(values: Iterable[str | None]) -> str:
    """A line as RFC 4180 has it; the empty text stands in quotes, so that it differs from no value.

    Blanks at a text's ends are in quotes too. The standard library's writer can tell neither apart.
    """
    return ",".join(map(_cell, values)) + "\r\n"


def _cell(value: str | None) -> str:
    if value is None:
        return ""
    if not value or QUOTED.search(value) or value != value.strip():
        return '"' + value.replace('"', '""') + '"'
    return value


def as_text(value: Any) -> str | None:
    """A value of a column, but for ids: JSON comes as text already, and a list of words is shown as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return orjson.dumps(value).decode() if isinstance(value, list) else repr(value)


def compact(json: str) -> str:
    """JSON as PostgreSQL writes it, without the blanks between its values; every digit stays."""
    return TEXT_OR_BLANK.sub(lambda found: found[1] or "", json) if " " in json else json
