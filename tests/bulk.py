"""Changing many devices at once through the graph."""

from typing import Any

from tests.ask import Ask, Outcome
from tests.changing import EVERYTHING, SHOWN, Node
from tests.estate import Estate

CREATE, UPDATE = "bulkCreateDevices", "bulkUpdateDevices"
BULK = (CREATE, UPDATE)
PROBLEM = "__typename message ... on Conflict { currentVersion } ... on Invalid { fields { path message } }"
EVERY_FIELD = f"""{{ __typename
  ... on BulkDevices {{ written refused items {{ index device {{ {SHOWN["Device"]} }} problem {{ {PROBLEM} }} }} }}
  ... on Problem {{ {PROBLEM} }} }}"""


def bulk_document(field: str, selection: str = EVERY_FIELD) -> str:
    """The operation of a bulk mutation."""
    return f"mutation ($in: {field[0].upper()}{field[1:]}Input!) {{ {field}(input: $in) {selection} }}"


async def ask_bulk(ask: Ask, estate: Estate, field: str, items: list[Node], **given: Any) -> Outcome:
    """What a caller with every scope is told."""
    return await ask(estate, bulk_document(field), *EVERYTHING, **{"in": {"items": items, **given}})


async def bulk(ask: Ask, estate: Estate, field: str, items: list[Node], **given: Any) -> Node:
    """What the mutation answers; errors are not expected."""
    outcome = await ask_bulk(ask, estate, field, items, **given)
    assert outcome.errors == [], outcome.errors
    answered: Node = outcome.data[field]
    return answered


def device(estate: Estate, serial: str, **given: Any) -> Node:
    """A device to create: of the estate's type, nowhere."""
    return {"serial": serial, "name": serial, "typeId": estate.ids["DeviceType"], **given}


def kinds(answered: Node) -> list[str]:
    """What became of each item, in a word."""
    return [item["problem"]["__typename"] if item["problem"] else "Device" for item in answered["items"]]


def rows(answered: Node) -> list[Node]:
    """The devices of an answer in which nothing was refused."""
    assert (answered["__typename"], answered.get("refused")) == ("BulkDevices", 0), answered
    return [item["device"] for item in answered["items"]]


async def made(ask: Ask, estate: Estate, *serials: str, **given: Any) -> list[str]:
    """The ids of devices that are created for a test."""
    items = [device(estate, serial, **given) for serial in serials]
    return [row["id"] for row in rows(await bulk(ask, estate, CREATE, items))]
