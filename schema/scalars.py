"""The scalars, in one notation (law 11): DateTime is UTC with milliseconds and Z, a decimal is a string."""

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition


def _show_datetime(value: datetime) -> str:
    # The first and the last moment that there is the driver reads without a zone.
    moment = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='milliseconds')}Z"


def _read_datetime(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise GraphQLError("DateTime takes ISO 8601 with an offset, such as 2026-03-01T12:00:00.000Z.") from None


def _read_date(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise GraphQLError("Date takes ISO 8601, such as 2026-03-01.") from None


def _read_decimal(value: Any) -> Decimal:
    try:
        if not isinstance(value, str):
            raise TypeError
        number = Decimal(value)
        if not number.is_finite():
            raise ValueError
    except (TypeError, ValueError, InvalidOperation):
        raise GraphQLError('Decimal takes a string of digits, such as "129.90".') from None
    return number


def _read_uuid(value: Any) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except (TypeError, ValueError, AttributeError):
        raise GraphQLError("UUID takes 32 hexadecimal digits with hyphens.") from None


def _scalar(name: str, description: str, serialize: Any, parse_value: Any) -> ScalarDefinition:
    return strawberry.scalar(name=name, description=description, serialize=serialize, parse_value=parse_value)


SCALARS: dict[object, ScalarDefinition] = {
    datetime: _scalar(
        "DateTime",
        "A moment in UTC, ISO 8601 with milliseconds and Z: 2026-03-01T12:00:00.123Z.",
        _show_datetime,
        _read_datetime,
    ),
    date: _scalar("Date", "A day, ISO 8601: 2026-03-01.", date.isoformat, _read_date),
    Decimal: _scalar("Decimal", 'A decimal number as a string, exact: "129.90".', str, _read_decimal),
    uuid.UUID: _scalar("UUID", "A UUID in lower case with hyphens (RFC 9562).", str, _read_uuid),
}

__all__ = ["JSON", "SCALARS"]
