"""Rows that are hard to write as JSON: quotes, controls, characters of every plane, numbers and days at their edges."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from models import AreaKind, DeviceKind, DeviceLifecycle, DeviceStatus

HARD = [
    '"',
    "\\",
    "/",
    "'",
    "%",
    "$1",
    ":x",
    "{}",
    "\x7f",
    "\x1f",
    "\b\f\n\r\t",
    "\u2028",
    "é",
    "ß",
    "😀",
    "\U0010ffff",
    "",
]
CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")
TEXT = st.one_of(st.sampled_from(HARD), st.text(CHARACTERS, max_size=8))
OPTIONAL = st.one_of(st.none(), TEXT)
MOMENT = st.one_of(
    st.sampled_from(
        [
            datetime(1, 1, 1, tzinfo=UTC),
            datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
            datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
            datetime(2026, 3, 1, 12, 0, 0, 999, tzinfo=UTC),
        ]
    ),
    st.datetimes(timezones=st.just(UTC)),
)
DAY = st.one_of(st.sampled_from([date.min, date.max]), st.dates())
PRICE = st.one_of(st.just(Decimal("0.00")), st.decimals(-999_999_999_999, 999_999_999_999, places=2))
NUMBERS = st.one_of(
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([1e300, -1e300, 5e-324, 0.1, -0.0, 1e-7, 1e16, 2.0]),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)


def degrees(most: float) -> st.SearchStrategy[float | None]:
    """A place on the globe, at its edges and next to nothing."""
    edges = st.sampled_from([0.0, -0.0, most, -most, 1e-4, 9.999e-5, 1e-5, 9.9e-6, -1.5e-7, 5e-324, 0.1 + 0.2, 12.0])
    return st.one_of(st.none(), edges, st.floats(-most, most))


DELETED = st.sampled_from([None, None, None, datetime(2026, 2, 1, tzinfo=UTC)])
LABELS = st.lists(TEXT, max_size=3)
ROWS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "Tenant": {"city": OPTIONAL, "email": OPTIONAL, "logo_url": OPTIONAL, "settings": JSON},
    "Organization": {"name": TEXT, "deleted_at": DELETED},
    "Location": {
        "name": TEXT,
        "address": OPTIONAL,
        "deleted_at": DELETED,
        "city": OPTIONAL,
        "latitude": degrees(90.0),
        "longitude": degrees(180.0),
    },
    "Area": {"name": TEXT, "kind": st.sampled_from([*AreaKind]), "floor": OPTIONAL, "deleted_at": DELETED},
    "DeviceType": {
        "name": TEXT,
        "kind": st.sampled_from([*DeviceKind]),
        "model": OPTIONAL,
        "commands": JSON,
        "properties": JSON,
    },
    "Device": {
        "name": TEXT,
        "status": st.sampled_from([*DeviceStatus]),
        "lifecycle": st.sampled_from([*DeviceLifecycle]),
        "firmware": OPTIONAL,
        "enabled": st.booleans(),
        "labels": LABELS,
        "reported": JSON,
        "desired": JSON,
        "purchase_value": st.one_of(st.none(), PRICE),
        "currency": OPTIONAL,
        "warranty_ends_at": st.one_of(st.none(), DAY),
        "last_seen_at": st.one_of(st.none(), MOMENT),
        "created_at": MOMENT,
        "deleted_at": DELETED,
    },
}


@st.composite
def values_of(draw: st.DrawFn, shape: dict[str, list[dict[str, int | None]]]) -> dict[str, list[dict[str, Any]]]:
    """What the rows of a shape hold."""
    counts = {"Tenant": 1, "DeviceType": 1, **{name: len(rows) for name, rows in shape.items()}}
    return {
        name: [{column: draw(strategy) for column, strategy in ROWS[name].items()} for _ in range(count)]
        for name, count in counts.items()
    }
