"""Many devices in one change: what becomes of each item."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from auth.requirement import any_of
from resolvers.bulk_mutations import MOST_ITEMS, BulkAction, bulk_mutation
from resolvers.writing.nouns import DEVICE_NOUN
from schema.device import Device
from schema.field import argument, field
from schema.problem import Conflict, Forbidden, Invalid, NotFound, Problem


@strawberry.federation.type(description="What became of one item: a device, or a problem.")
class BulkDeviceItem:
    """What became of one item."""

    index: int = field("Its place in the input, from 0.")
    device: Device | None = field("The device as it was written; null where the item was refused.")
    problem: Problem | None = field("Why the item was refused; null where it was written.")


@strawberry.federation.type(description="What became of the items of a bulk change.")
class BulkDevices:
    """What became of the items."""

    items: list[BulkDeviceItem] = field("Each item, in the order of the input.")
    written: int = field("How many items were written, those that had nothing to change included.")
    refused: int = field("How many items were refused.")


BulkDevicesResult = Annotated[
    BulkDevices | NotFound | Conflict | Invalid | Forbidden,
    strawberry.union("BulkDevicesResult", description="What became of each item, or why none was looked at."),
]


def bulk(action: BulkAction, description: str, given: type) -> Any:
    """A bulk mutation of devices."""
    return field(
        f"{description}, 1 to {MOST_ITEMS:,} at once, each as if it came alone after those before it.",
        scopes=any_of(DEVICE_NOUN.scope),
        resolver=bulk_mutation(DEVICE_NOUN, action),
        arguments=[argument("input", given, "What is asked for.")],
    )
