"""The words of the bare limit: an address for each statement, its parameters in the body."""

from typing import Any

import orjson

from benchmarks.timed.ask import UNIQUE, Ask
from benchmarks.timed.dialect import Dialect
from benchmarks.timed.seeded import Tenant


def _ask(path: str, tenant: Tenant, *parameters: Any) -> Ask:
    return Ask(path, orjson.dumps([tenant.id, *parameters], default=str))


def _rename(tenant: Tenant) -> list[Ask]:
    return [_ask("/update", tenant, each, f"Renamed {UNIQUE}") for each in tenant.devices]


DIALECT = Dialect(
    {
        "tree": lambda seeded, _: [_ask("/tree", seeded.read, 10, 5, 20)],
        "tree10": lambda seeded, _: [_ask("/tree", seeded.big, 10, 10, 100)],
        "point": lambda seeded, _: [_ask("/point", seeded.read, each) for each in seeded.some],
        "page": lambda seeded, _: [_ask("/page", seeded.read, "ONLINE")],
        "first": lambda seeded, _: [_ask("/first", seeded.big)],
        "deep": lambda seeded, _: [_ask("/deep", seeded.big, *seeded.place)],
        "entities": lambda seeded, _: [_ask("/entities", seeded.read, seeded.hundred)],
        "update": lambda seeded, _: _rename(seeded.changed),
        "tenant": lambda seeded, _: [_ask("/devices", seeded.small[0])],
        "tenants": lambda seeded, _: [_ask("/devices", tenant) for tenant in seeded.small],
    },
    deep="by keyset",
)
