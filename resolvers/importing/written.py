"""Columns of sheets made from what a noun declares: the same bounds whether a value is sent or imported."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import ARRAY, Boolean, Date, Double, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB

from resolvers.importing.column import Column, shown
from resolvers.names import LONGEST_NAME
from resolvers.writing.nouns import Field, Noun
from resolvers.writing.values import fault_of

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
CENT = Decimal("0.01")
# As programs write them; spreadsheets write capitals.
TRUTHS = {"true": True, "false": False}


def written(noun: Noun, name: str) -> Column:
    """The column of a field that callers write."""
    field = next(each for each in noun.fields if each.name == name)
    column = noun.entity.sql.c[name]
    if isinstance(column.type, JSONB | ARRAY):
        return Column(name, longest=None, read=_json(noun, field, text=isinstance(column.type, JSONB)))
    vocabulary = column.info.get("vocabulary")
    if vocabulary is not None:
        words = ", ".join(vocabulary)
        return Column(
            name,
            field.required,
            rule=lambda text: None if text in set(vocabulary) else _wrong(text, f"none of {words}"),
        )
    if isinstance(column.type, Text):
        # What has a form cannot be blank; of other text, blanks at its ends are a part.
        return Column(name, longest=field.most or LONGEST_NAME, rule=_form(field), exact=field.check is None)
    return Column(name, read=_scalar(noun, field, column.type))


def _one_of(words: type[StrEnum]) -> Callable[[str], str | None]:
    return lambda text: None if text in set(words) else _wrong(text, f"none of {', '.join(words)}")


def _form(field: Field) -> Callable[[str], str | None]:
    def rule(text: str) -> str | None:
        reason = field.check(text) if field.check else None
        return None if reason is None else f"{shown(text)} {reason}"

    return rule


def _scalar(noun: Noun, field: Field, kind: Any) -> Callable[[str], Any]:
    """Numbers, days and truth values."""

    def read(text: str) -> Any:
        value = _parsed(text, kind)
        wrong = fault_of(noun, field, value)
        if wrong is not None:
            raise ValueError(f"{shown(text)} {wrong}")
        # A zero may be written with any number of decimals.
        return value.quantize(CENT) if isinstance(value, Decimal) else value

    return read


def _parsed(text: str, kind: Any) -> Any:
    if isinstance(kind, Boolean):
        if text.lower() not in TRUTHS:
            raise ValueError(_wrong(text, "neither true nor false"))
        return TRUTHS[text.lower()]
    if isinstance(kind, Date):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise ValueError(_wrong(text, "no day such as 2026-03-01")) from None
    # Double is a kind of Numeric, so it is asked for first.
    if not NUMBER.fullmatch(text):
        raise ValueError(_wrong(text, "no number"))
    if isinstance(kind, Double):
        return float(text)
    assert isinstance(kind, Numeric), f"no sheet can carry {kind!r}"
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(_wrong(text, "no number")) from None


def _json(noun: Noun, field: Field, *, text: bool) -> Callable[[str], Any]:
    """JSON, kept as the text that it is (so that no digit is lost) or, for a list of words, as the list."""

    def read(given: str) -> Any:
        try:
            value = orjson.loads(given)
        except orjson.JSONDecodeError as error:
            raise ValueError(_wrong(given, f"no JSON ({error})")) from None
        if not text and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            raise ValueError(_wrong(given, 'no JSON list of words, such as ["north", "roof"]'))
        wrong = fault_of(noun, field, value)
        if wrong is not None:
            raise ValueError(f"{shown(given)} {wrong}")
        return given if text else value

    return read


def _wrong(text: str, what: str) -> str:
    return f"{shown(text)} is {what}"
