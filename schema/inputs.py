"""The inputs of mutations, made from what each noun declares: no field can be written that is not declared there."""

from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import strawberry

from loaders.columns import Kind, camel_case, comparable
from resolvers.bulk_mutations import MOST_ITEMS
from resolvers.writing.nouns import BY_ENTITY, Field, Noun, Reference
from schema.scalars import JSON

_TYPES: dict[Kind, Any] = {
    Kind.BOOLEAN: bool,
    Kind.INT: int,
    Kind.FLOAT: float,
    Kind.DECIMAL: Decimal,
    Kind.DATETIME: datetime,
    Kind.DATE: date,
    Kind.STRING: str,
    Kind.STRING_LIST: list[str],
}
KEY = (
    str | None,
    "A name of your own for this change, at most 128 characters: sent again within 24 hours, it gets the first answer.",
)
ID = (strawberry.ID, "The id of the thing.")
IF_VERSION = (int | None, "Refuse the change unless the thing is at this version.")

Fields = dict[str, tuple[Any, str]]


def creating(noun: Noun) -> Any:
    """`CreateAreaInput` and its like."""
    return input_of(
        f"Create{noun.entity.name}Input", f"A {noun.named} to create.", {**_created(noun), "client_mutation_id": KEY}
    )


def bulk_creating(noun: Noun) -> Any:
    """`BulkCreateDevicesInput` and its like."""
    item = input_of(f"Create{noun.entity.name}ItemInput", f"A {noun.named} to create, one of several.", _created(noun))
    return _bulk(f"BulkCreate{noun.entity.name}sInput", f"{noun.named.capitalize()}s to create.", item)


def updating(noun: Noun) -> Any:
    """`UpdateAreaInput` and its like; what is not named stays, null clears."""
    return input_of(
        f"Update{noun.entity.name}Input",
        f"What to change of a {noun.named}; what is not named stays, null clears.",
        {**_updated(noun), "client_mutation_id": KEY},
    )


def bulk_updating(noun: Noun) -> Any:
    """`BulkUpdateDevicesInput` and its like."""
    says = f"What to change of a {noun.named}, one of several; what is not named stays, null clears."
    item = input_of(f"Update{noun.entity.name}ItemInput", says, _updated(noun))
    return _bulk(f"BulkUpdate{noun.entity.name}sInput", f"What to change of {noun.named}s, each named once.", item)


def moving(noun: Noun) -> Any:
    """`MoveAreaInput` and its like."""
    targets = {name: value for name, value in _places(noun).items() if name not in noun.fixed}
    targets["none"] = (bool, "true: out of where it is, into nothing.")
    target = _one_of(f"{noun.entity.name}TargetInput", f"Where a {noun.named} moves to: one of these.", targets)
    return input_of(
        f"Move{noun.entity.name}Input",
        f"A {noun.named} to move; it keeps its id and history.",
        {"id": ID, "if_version": IF_VERSION, "to": (target, "Where to."), "client_mutation_id": KEY},
    )


def _created(noun: Noun) -> Fields:
    fields = {field.name: _field(noun, field, optional=not field.required) for field in noun.fields}
    if len(noun.place) > 1:
        needed = any(reference.required for reference in noun.references if reference.name in noun.place)
        place = _place(noun.entity.name)
        fields["place"] = (place if needed else place | None, "Where it is.")
    loose = [each for each in noun.references if len(noun.place) == 1 or each.name not in noun.place]
    return fields | {each.name: _reference(each, optional=not each.required) for each in loose}


def _updated(noun: Noun) -> Fields:
    fields = {field.name: _field(noun, field, optional=True) for field in noun.fields}
    fields |= {each.name: _reference(each, optional=True) for each in noun.references if each.name not in noun.place}
    return {"id": ID, "if_version": IF_VERSION, **fields}


def _bulk(name: str, description: str, item: Any) -> Any:
    fields: Fields = {
        "items": (list[item], f"The items, 1 to {MOST_ITEMS:,}."),
        "atomic": (bool | None, "true: all of them, or none. Otherwise what is good is written, whatever is refused."),
        "client_mutation_id": KEY,
    }
    return input_of(name, description, fields)


@cache
def _place(name: str) -> Any:
    """A type's input for a place; several inputs have the same."""
    noun = BY_ENTITY[name]
    return _one_of(f"{name}PlaceInput", f"Where the {noun.named} is: one of these.", _places(noun))


def _places(noun: Noun) -> Fields:
    return {each.name: (strawberry.ID, f"{each.description}.") for each in noun.references if each.name in noun.place}


def _field(noun: Noun, field: Field, *, optional: bool) -> tuple[Any, str]:
    kind = comparable(noun.entity).get(field.name)
    annotation: Any = JSON if kind is None else kind if isinstance(kind, type) else _TYPES[kind]
    bound = "" if field.most is None else f"; at most {field.most:,} {_unit(kind)}"
    return (annotation | None if optional else annotation, f"{field.description}{bound}.")


def _unit(kind: Any) -> str:
    return {None: "bytes as JSON", Kind.STRING_LIST: "of them"}.get(kind, "characters")


def _reference(reference: Reference, *, optional: bool) -> tuple[Any, str]:
    return (strawberry.ID | None if optional else strawberry.ID, f"{reference.description}, by its id.")


def _one_of(name: str, description: str, fields: Fields) -> Any:
    return input_of(
        name, description, {each: (kind | None, says) for each, (kind, says) in fields.items()}, one_of=True
    )


def input_of(name: str, description: str, fields: Fields, *, one_of: bool = False) -> Any:
    """An input type of these fields, by their names in Python; each with its type and its description."""
    body: dict[str, Any] = {"__annotations__": {}}
    for column, (annotation, says) in fields.items():
        optional = type(None) in getattr(annotation, "__args__", ())
        body["__annotations__"][column] = annotation
        body[column] = strawberry.field(
            name=camel_case(column), description=says, **({"default": strawberry.UNSET} if optional else {})
        )
    return strawberry.input(type(name, (), body), description=description, one_of=one_of)


SUSPENDING = input_of(
    "SuspendTenantInput",
    "A tenant to suspend: its tokens are refused until it is restored.",
    {"id": ID, "if_version": IF_VERSION, "client_mutation_id": KEY},
)
DELETING = input_of(
    "DeleteInput",
    "A thing to delete; it can be restored until it is purged.",
    {
        "id": ID,
        "if_version": IF_VERSION,
        "cascade": (bool | None, "true: and everything that hangs on it. Otherwise a thing that is not empty stays."),
        "client_mutation_id": KEY,
    },
)
RESTORING = input_of(
    "RestoreInput",
    "A deleted thing to bring back, with everything that went with it.",
    {"id": ID, "client_mutation_id": KEY},
)
