"""What can be written of each noun: its fields with their bounds, what it refers to, what hangs on it.

The graph's input types, their descriptions, the checks and the walk of a deletion are all made from these.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from auth.scopes import Scope
from loaders.entities import AREA, DEVICE, DEVICE_TYPE, LOCATION, ORGANIZATION, Column, Entity
from models import Area, Device, Location, Organization

Check = Callable[[Any], str | None]
# Read once: listing them walks a folder.
TIME_ZONES = frozenset(available_timezones())


@dataclass(frozen=True)
class Field:
    """A column that callers write.

    `most` bounds characters (or items, or the bytes of JSON); `check` says what is wrong with a value, or None.
    """

    name: str
    description: str
    required: bool = False
    most: int | None = None
    check: Check | None = None


@dataclass(frozen=True)
class Reference:
    """A column that names another row of the tenant."""

    name: str
    target: Entity
    description: str
    required: bool = False


@dataclass(frozen=True)
class Dependent:
    """Rows that hang on a noun: they keep it from being deleted, or go with it in a cascade."""

    entity: Entity
    column: Column


@dataclass(frozen=True)
class Noun:
    """A kind of thing that can be written.

    `tree` is the column of its parent of the same kind, if it forms a tree. `place` are the references that say where
    it is: one of them is given when it is created, and a move changes them. `fixed` are references that no change of
    an existing row touches.
    """

    entity: Entity
    scope: Scope
    fields: tuple[Field, ...]
    references: tuple[Reference, ...] = ()
    dependents: tuple[Dependent, ...] = ()
    tree: str | None = None
    place: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()

    @property
    def named(self) -> str:
        """The noun in a sentence."""
        return self.entity.noun.replace("_", " ")


def matching(pattern: str, says: str) -> Check:
    """A check that a text has this form."""
    compiled = re.compile(pattern)
    return lambda value: None if compiled.fullmatch(value) else says


def _between(least: float, most: float) -> Check:
    return lambda value: None if least <= value <= most else f"must be from {least} to {most}"


def _object(value: Any) -> str | None:
    return None if isinstance(value, dict) else "must be a JSON object"


def _list(value: Any) -> str | None:
    return None if isinstance(value, list) else "must be a JSON list"


def _time_zone(value: str) -> str | None:
    return None if value in TIME_ZONES else "must be an IANA time zone, such as Europe/Oslo"


# Digits after the point, zeros among them, that are read at all.
MOST_DECIMALS = 20


def _money(value: Decimal) -> str | None:
    digits = value.as_tuple().exponent
    bounded = isinstance(digits, int) and digits >= -MOST_DECIMALS and value.copy_abs() < 10**12
    exact = value == value.quantize(Decimal("0.01")) if bounded else False
    return None if exact and value >= 0 else "must be from 0 to 999999999999.99, with two decimals"


NAME = Field("name", "The name that people see", required=True, most=200)
CURRENCY = Field(
    "currency", "ISO 4217, three letters", check=matching("[A-Z]{3}", "must be three capital letters, such as EUR")
)

# A tree's depth, its root counted.
DEEPEST = 5

LOCATION_NOUN = Noun(
    LOCATION,
    Scope.LOCATIONS_WRITE,
    fields=(
        Field("code", "The tenant's own name for it, unique in the tenant", required=True, most=128),
        NAME,
        Field("address", "Street and number", most=500),
        Field("city", "The city or town", most=200),
        Field(
            "country",
            "ISO 3166-1, two letters",
            check=matching("[A-Z]{2}", "must be two capital letters, such as NO"),
        ),
        Field("time_zone", "IANA name, such as Europe/Oslo", most=64, check=_time_zone),
        Field("latitude", "Degrees north, WGS 84", check=_between(-90, 90)),
        Field("longitude", "Degrees east, WGS 84", check=_between(-180, 180)),
    ),
    references=(Reference("organization_id", ORGANIZATION, "The organization that it belongs to"),),
    dependents=(Dependent(AREA, Area.location_id), Dependent(DEVICE, Device.location_id)),
    place=("organization_id",),
)

AREA_NOUN = Noun(
    AREA,
    Scope.AREAS_WRITE,
    fields=(
        Field("code", "The tenant's own name for it, unique in its location", required=True, most=128),
        NAME,
        Field("kind", "What sort of area it is", required=True),
        Field("floor", "The floor as it is written on the wall", most=32),
    ),
    references=(
        Reference("location_id", LOCATION, "The location around it", required=True),
        Reference("parent_id", AREA, "The area around it; its location follows"),
    ),
    dependents=(Dependent(AREA, Area.parent_id), Dependent(DEVICE, Device.area_id)),
    tree="parent_id",
    place=("location_id", "parent_id"),
    # A room does not move to another building.
    fixed=("location_id",),
)

ORGANIZATION_NOUN = Noun(
    ORGANIZATION,
    Scope.ORGANIZATIONS_WRITE,
    fields=(Field("key", "The key that the client chooses, unique in the tenant", required=True, most=128), NAME),
    references=(Reference("parent_id", ORGANIZATION, "The organization above it"),),
    dependents=(
        Dependent(ORGANIZATION, Organization.parent_id),
        Dependent(LOCATION, Location.organization_id),
        Dependent(DEVICE, Device.organization_id),
    ),
    tree="parent_id",
    place=("parent_id",),
)

DEVICE_TYPE_NOUN = Noun(
    DEVICE_TYPE,
    Scope.DEVICE_TYPES_WRITE,
    fields=(
        Field("key", "The tenant's own name for it, unique in the tenant", required=True, most=128),
        NAME,
        Field("kind", "The family that it belongs to", required=True),
        Field("manufacturer", "Who makes it", most=200),
        Field("model", "The maker's name for it", most=200),
        Field("commands", "The commands that its devices take", most=16_384, check=_list),
        Field("properties", "The properties that its devices report or can be set to", most=16_384, check=_object),
    ),
    dependents=(Dependent(DEVICE, Device.type_id),),
)

DEVICE_NOUN = Noun(
    DEVICE,
    Scope.DEVICES_WRITE,
    fields=(
        Field("serial", "Its serial, unique in the tenant", required=True, most=200),
        NAME,
        Field("lifecycle", "Where it is in its life as an asset"),
        Field("firmware", "The version of its firmware", most=64),
        Field("enabled", "Whether it may be used"),
        Field("simulated", "Whether it is no hardware but a simulation"),
        Field("labels", "Words that the tenant sorts its devices by, each of at most 64 characters", most=50),
        Field("desired", "The state that it should be in", most=16_384, check=_object),
        Field("purchase_value", "What it cost, in `currency`", check=_money),
        CURRENCY,
        Field("warranty_ends_at", "The last day of its warranty"),
    ),
    references=(
        Reference("type_id", DEVICE_TYPE, "What it is", required=True),
        Reference("location_id", LOCATION, "The building or site that it is in"),
        Reference("area_id", AREA, "The area that it is in; its location follows"),
        Reference("parent_id", DEVICE, "The device that it is a part of"),
        Reference("organization_id", ORGANIZATION, "The organization that it belongs to"),
    ),
    dependents=(Dependent(DEVICE, Device.parent_id),),
    tree="parent_id",
    place=("location_id", "area_id"),
)

NOUNS = (LOCATION_NOUN, AREA_NOUN, ORGANIZATION_NOUN, DEVICE_TYPE_NOUN, DEVICE_NOUN)
BY_ENTITY = {noun.entity.name: noun for noun in NOUNS}
