"""What callers write, checked: every wrong field of an input is told at once."""

import unicodedata
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import ARRAY
from sqlalchemy.dialects.postgresql import JSONB

from loaders.columns import snake_case
from resolvers.names import UNPRINTABLE
from resolvers.problems import Invalid, Problem
from resolvers.writing.nouns import Field, Noun

LONGEST_LABEL = 64
# Of JSON within JSON: an answer or a kept one puts some levels more around it, and nothing writes more than 254.
DEEPEST_JSON = 100


def checked(noun: Noun, given: Mapping[str, Any], *, creating: bool) -> dict[str, Any]:
    """The columns that an input (by names in the graph) writes; those that it does not name are left out.

    Raises:
        Problem: Invalid, with every field that is wrong.
    """
    named = {snake_case(name): (name, value) for name, value in given.items()}
    written: dict[str, Any] = {}
    wrong: list[Invalid] = []
    for field in noun.fields:
        shown, value = named.get(field.name, (field.name, None))
        if field.name not in named and not (creating and field.required):
            continue
        # What has a value from the start cannot lose it: null in a new row means that the default stands.
        unset = value is None and creating and not field.required
        fault = None if unset else fault_of(noun, field, value)
        if fault is not None:
            wrong.append(Invalid(shown, f"{shown} {fault}."))
        written[field.name] = value
    for reference in noun.references:
        shown, value = named.get(reference.name, (reference.name, reference))
        if reference.required and value is None:
            wrong.append(Invalid(shown, f"{shown} must not be null."))
    if wrong:
        first, *others = wrong
        raise Problem(Invalid(first.field, first.message, tuple(others)))
    return {name: value for name, value in written.items() if not (creating and value is None)}


def fault_of(noun: Noun, field: Field, value: Any) -> str | None:
    """What is wrong with a value, or None."""
    column = noun.entity.sql.c[field.name]
    if value is None:
        return None if column.nullable else "must not be null"
    if isinstance(column.type, JSONB):
        fault = _fault_of_json(value, field.most or 0)
    elif isinstance(column.type, ARRAY):
        fault = _fault_of_labels(value, field.most or 0)
    else:
        fault = _fault_of_text(value, field) if isinstance(value, str) else None
    return field.check(value) if fault is None and field.check else fault


def _fault_of_text(value: str, field: Field) -> str | None:
    if field.most is not None and len(value) > field.most:
        return f"has {len(value)} characters; {field.most} are allowed"
    if not _printable(value):
        return "has a control character"
    if field.required and (not value.strip() or value != value.strip()):
        return "must not be blank, nor begin or end with a blank"
    return None


def _fault_of_json(value: Any, most: int) -> str | None:
    try:
        size = len(orjson.dumps(value))
    except (TypeError, ValueError, RecursionError):
        return "is no JSON"
    if size > most:
        return f"has {size} bytes as JSON; {most} are allowed"
    if _levels(value) > DEEPEST_JSON:
        return f"nests deeper than {DEEPEST_JSON} levels"
    return None if _storable(value) else "has a NUL character"


def _levels(value: Any) -> int:
    """How deep lists and objects lie in each other, as far as it matters."""
    levels = 0
    level = [value]
    while levels <= DEEPEST_JSON:
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            break
        levels += 1
    return levels


def _fault_of_labels(value: list[str], most: int) -> str | None:
    if len(value) > most:
        return f"has {len(value)} items; {most} are allowed"
    if any(not label.strip() or len(label) > LONGEST_LABEL or not _printable(label) for label in value):
        return f"must hold words of 1 to {LONGEST_LABEL} characters"
    return None


def _printable(text: str) -> bool:
    return text.isprintable() or not any(unicodedata.category(letter) in UNPRINTABLE for letter in text)


def _storable(value: Any) -> bool:
    """Whether PostgreSQL can hold this JSON: no NUL in any text."""
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, dict):
        return all(_storable(name) and _storable(item) for name, item in value.items())
    return all(_storable(item) for item in value) if isinstance(value, list) else True
