"""Importing an estate from sheets of rows: all of it in one transaction of one tenant, or nothing.

Rows are streamed into temporary tables (COPY FROM is refused on tables under row-level security), checked there and
carried over by statements about sets, so that memory stays the same however many rows there are. Whatever is wrong
with a line is a `Finding`; nothing of a wrong line is ever kept.
"""

from resolvers.importing.applying import Count
from resolvers.importing.column import Column
from resolvers.importing.finding import Finding, Row
from resolvers.importing.importer import ACTOR, Mode, Outcome, import_estate
from resolvers.importing.loading import Source
from resolvers.importing.sheet import (
    AREAS,
    DEVICE_TYPES,
    DEVICES,
    LOCATIONS,
    ORGANIZATIONS,
    SHEETS,
    Sheet,
    is_full,
)

__all__ = [
    "ACTOR",
    "AREAS",
    "DEVICES",
    "DEVICE_TYPES",
    "LOCATIONS",
    "ORGANIZATIONS",
    "SHEETS",
    "Column",
    "Count",
    "Finding",
    "Mode",
    "Outcome",
    "Row",
    "Sheet",
    "Source",
    "import_estate",
    "is_full",
]
