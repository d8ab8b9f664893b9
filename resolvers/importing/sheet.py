"""The sheets of an estate, declared: their columns, and what each column takes.

Columns that every file has come first; the further ones are for what else callers write, with the bounds that hold
for them everywhere.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from models import AreaKind
from resolvers.importing.column import Column, code, shown
from resolvers.importing.written import written
from resolvers.writing.nouns import AREA_NOUN, DEVICE_NOUN, DEVICE_TYPE_NOUN, LOCATION_NOUN, TIME_ZONES


@dataclass(frozen=True)
class Sheet:
    """A kind of rows; `key` is the columns that say which thing a row is about.

    A file has all of `columns` and any of `further`; with one of these it is a full sheet. An `optional` sheet may
    be missing.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    further: tuple[Column, ...] = ()
    optional: bool = False

    @property
    def file(self) -> str:
        """What findings call it."""
        return f"{self.name}.csv"

    @property
    def every(self) -> tuple[Column, ...]:
        """All columns that a file may have."""
        return self.columns + self.further

    @property
    def heading(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(column.name for column in self.every)

    def having(self, names: Collection[str]) -> tuple[Column, ...]:
        """The columns of a file that has these, in the sheet's order, as they are in such a file."""
        found = (column for column in self.every if column.name in names)
        if is_full(self, names):
            return tuple(replace(column, required=column.required and not column.narrowly) for column in found)
        return tuple(replace(column, exact=False) for column in found)


def is_full(sheet: Sheet, names: Collection[str]) -> bool:
    """Whether a file with these columns has more than it must have."""
    return any(column.name in names for column in sheet.further)


def _kind(value: str) -> str | None:
    return None if value in set(AreaKind) else f"{shown(value)} is no kind of area: {', '.join(AreaKind)}"


def _country(value: str) -> str | None:
    fits = re.fullmatch("[A-Z]{2}", value)
    return None if fits else f"{shown(value)} is no ISO 3166 country code, such as US"


def _time_zone(value: str) -> str | None:
    return None if value in TIME_ZONES else f"{shown(value)} is no IANA time zone, such as Europe/Oslo"


ORGANIZATION = code("organization", says="organization_id")

ORGANIZATIONS = Sheet(
    "organizations",
    (code("key", required=True), Column("name", required=True)),
    key=("key",),
    further=(code("parent", says="parent_id"),),
    optional=True,
)
LOCATIONS = Sheet(
    "locations",
    (
        code("code", required=True),
        Column("name", required=True),
        Column("city", exact=True),
        Column("country", rule=_country),
        Column("timezone", rule=_time_zone, says="time_zone"),
    ),
    key=("code",),
    further=(
        ORGANIZATION,
        written(LOCATION_NOUN, "address"),
        written(LOCATION_NOUN, "latitude"),
        written(LOCATION_NOUN, "longitude"),
    ),
)
AREAS = Sheet(
    "areas",
    (
        code("location", required=True, says="location_id"),
        code("code", required=True),
        Column("name", required=True),
        Column("kind", required=True, rule=_kind),
        code("parent", says="parent_id"),
    ),
    key=("location", "code"),
    further=(written(AREA_NOUN, "floor"),),
)
DEVICE_TYPES = Sheet(
    "device_types",
    (code("key", required=True), Column("name", required=True), written(DEVICE_TYPE_NOUN, "kind")),
    key=("key",),
    further=tuple(written(DEVICE_TYPE_NOUN, name) for name in ("manufacturer", "model", "commands", "properties")),
    optional=True,
)
DEVICES = Sheet(
    "devices",
    (
        code("location", required=True, says="location_id", narrowly=True),
        code("area", says="area_id"),
        Column("serial", required=True),
        Column("name", required=True),
        code("type", required=True, says="type_id"),
        Column("part_of", says="parent_id"),
    ),
    key=("serial",),
    further=(
        ORGANIZATION,
        *(
            written(DEVICE_NOUN, name)
            for name in (
                "lifecycle", "firmware", "enabled", "simulated", "labels", "desired", "purchase_value", "currency",
                "warranty_ends_at",
            )
        ),
    ),
)  # fmt: skip
# In the order in which they are read: each refers to those before it.
SHEETS = (ORGANIZATIONS, LOCATIONS, AREAS, DEVICE_TYPES, DEVICES)
