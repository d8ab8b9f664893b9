"""Importing an estate from sheets of rows: all of it in one transaction of one tenant, or nothing.

Rows are streamed into temporary tables (COPY FROM is refused on tables under row-level security), checked there and
carried over by statements about sets, so that memory stays the same however many rows there are. Whatever is wrong
with a line is a `Finding`; nothing of a wrong line is ever kept.
"""

from resolvers.importing.applying import Count
from resolvers.importing.finding import Finding, Row
from resolvers.importing.importer import Mode, Outcome, import_estate
from resolvers.importing.loading import Source
from resolvers.importing.sheet import AREAS, DEVICES, LOCATIONS, SHEETS, Sheet

__all__ = [
    "AREAS",
    "DEVICES",
    "LOCATIONS",
    "SHEETS",
    "Count",
    "Finding",
    "Mode",
    "Outcome",
    "Row",
    "Sheet",
    "Source",
    "import_estate",
]
