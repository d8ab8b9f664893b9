"""The words of REST: an address for each list and thing. Trees and many ids at once have none."""

from typing import Any

import orjson

from benchmarks.timed.ask import UNIQUE, Ask
from benchmarks.timed.dialect import Dialect
from benchmarks.timed.seeded import DEEP, Seeded, Tenant


def _devices(tenant: Tenant, more: str = "") -> Ask:
    return Ask(f"/tenants/{tenant.id}/devices{more}", method="GET")


def _rename(tenant: Tenant) -> list[Ask]:
    body = orjson.dumps({"name": f"Renamed {UNIQUE}"})
    return [Ask(f"/tenants/{tenant.id}/devices/{each}", body, "PATCH") for each in tenant.devices]


def _list(seeded: Seeded, offset: int) -> Ask:
    return _devices(seeded.big, f"?limit=50&offset={offset}&order=name")


def _read(_case: str, answered: Any) -> Any:
    return answered


DIALECT = Dialect(
    {
        "point": lambda seeded, _: [_devices(seeded.read, f"/{each}") for each in seeded.some],
        "page": lambda seeded, _: [
            Ask(f"/tenants/{seeded.read.id}/inventory?limit=50&status=ONLINE&order=name", method="GET")
        ],
        "first": lambda seeded, _: [_list(seeded, 0)],
        "deep": lambda seeded, _: [_list(seeded, DEEP)],
        "update": lambda seeded, _: _rename(seeded.changed),
        "tenant": lambda seeded, _: [_devices(seeded.small[0], "?limit=10")],
        "tenants": lambda seeded, _: [_devices(tenant, "?limit=10") for tenant in seeded.small],
    },
    deep="by offset",
    read=_read,
)
