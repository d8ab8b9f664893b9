"""What lies beneath a node, said plainly: small estates as lists, and a recursive definition to compare with."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import insert

from models import Area, Device, DeviceType, Location, Organization
from models.clock import Clock
from models.hierarchy import Node, Reach, ReachKind
from tenantry.databases import Databases
from tests.estate import make_tenant

Named = tuple[str, uuid.UUID]
TABLES: dict[str, Any] = {
    "Organization": Organization,
    "Location": Location,
    "Area": Area,
    "DeviceType": DeviceType,
    "Device": Device,
}
# The column of a row, and the type of what it refers to.
ABOVE = {
    "Organization": {"parent_id": "Organization"},
    "Location": {"organization_id": "Organization"},
    "Area": {"parent_id": "Area", "location_id": "Location"},
    "Device": {"area_id": "Area", "location_id": "Location", "organization_id": "Organization"},
    "DeviceType": {},
}


@dataclass
class Model:
    """An estate's rows by the names of their types, and then by their ids."""

    tenant: SimpleNamespace
    rows: dict[str, dict[uuid.UUID, dict[str, Any]]] = field(default_factory=lambda: {name: {} for name in TABLES})

    def beneath(self, node: Node) -> Iterator[Named]:
        """The node itself, and whatever hangs on what lies beneath it."""
        name = node.kind.title()
        yield name, node.id
        for row_id, row in self.rows["Organization"].items():
            if name == "Organization" and row["parent_id"] == node.id:
                yield from self.beneath(Node(ReachKind.ORGANIZATION, row_id))
        for row_id, row in self.rows["Location"].items():
            if name == "Organization" and row["organization_id"] == node.id:
                # What is in a building goes with it, but for devices that belong to somebody themselves.
                inside = set(self.beneath(Node(ReachKind.LOCATION, row_id)))
                yield from (each for each in inside if each[0] != "Device" or not self._owner(each[1]))
        for row_id, row in self.rows["Area"].items():
            if row["location_id"] == node.id or row["parent_id"] == node.id:
                yield from self.beneath(Node(ReachKind.AREA, row_id))
        for row_id, row in self.rows["Device"].items():
            if node.id in (row["location_id"], row["area_id"], row["organization_id"]):
                yield "Device", row_id

    def reached(self, reach: Reach) -> set[Named]:
        """What lies beneath all nodes of one of these; all types of devices, where anything is in reach."""
        if reach is None:
            return {("Tenant", self.tenant.id), *((name, row_id) for name in self.rows for row_id in self.rows[name])}
        found: set[Named] = set()
        for nodes in reach:
            found |= set.intersection(*(set(self.beneath(node)) for node in nodes))
        return found | {("DeviceType", row_id) for row_id in self.rows["DeviceType"] if reach}

    def above(self, found: set[Named]) -> set[Named]:
        """What is met looking up from these; the tenant is above everything."""
        met: set[Named] = {("Tenant", self.tenant.id)}
        waiting = [each for each in found if each[0] != "Tenant"]
        while waiting:
            name, row_id = waiting.pop()
            for column, target in ABOVE[name].items():
                key = self.rows[name][row_id][column]
                if key is not None and (target, key) not in met:
                    met.add((target, key))
                    waiting.append((target, key))
        return met - found

    def node(self, name: str, row_id: uuid.UUID) -> Node:
        """The node that this row is."""
        return Node(ReachKind(name.upper()), row_id, self.rows[name][row_id].get("location_id"))

    def _owner(self, device_id: uuid.UUID) -> uuid.UUID | None:
        owner: uuid.UUID | None = self.rows["Device"][device_id]["organization_id"]
        return owner


@st.composite
def shapes(draw: st.DrawFn) -> dict[str, list[dict[str, int | None]]]:
    """What refers to what, as places in the lists; whatever is referred to comes first."""

    def one_of(count: int) -> int | None:
        return draw(st.one_of(st.none(), st.integers(0, count - 1))) if count else None

    organizations = [{"parent_id": one_of(at)} for at in range(draw(st.integers(0, 4)))]
    locations = [{"organization_id": one_of(len(organizations))} for _ in range(draw(st.integers(1, 3)))]
    areas: list[dict[str, int | None]] = []
    for at in range(draw(st.integers(0, 5))):
        parent = one_of(at)
        location = draw(st.integers(0, len(locations) - 1)) if parent is None else areas[parent]["location_id"]
        areas.append({"parent_id": parent, "location_id": location})
    devices: list[dict[str, int | None]] = []
    for at in range(draw(st.integers(0, 6))):
        area = one_of(len(areas))
        location = one_of(len(locations)) if area is None else areas[area]["location_id"]
        devices.append(
            {
                "area_id": area,
                "location_id": location,
                "organization_id": one_of(len(organizations)),
                "parent_id": one_of(at),
            }
        )
    return {"Organization": organizations, "Location": locations, "Area": areas, "Device": devices}


async def make(
    databases: Databases,
    clock: Clock,
    shape: dict[str, list[dict[str, int | None]]],
    values: dict[str, list[dict[str, Any]]] | None = None,
) -> Model:
    """A tenant of this shape, with one type of device; `values` are what else its rows hold, and it itself."""
    given_values = values or {}
    tenant = await make_tenant(databases, clock, "shape", **given_values.get("Tenant", [{}])[0])
    ids = {name: [clock.new_id() for _ in given] for name, given in shape.items()}
    model = Model(tenant)
    kind = clock.new_id()
    model.rows["DeviceType"][kind] = {
        "name": "Any",
        "key": "any",
        "kind": "OTHER",
        **given_values.get("DeviceType", [{}])[0],
    }
    fixed: dict[str, Any] = {
        "Organization": lambda at: {"key": f"o{at}"},
        "Location": lambda at: {"code": f"l{at}"},
        "Area": lambda at: {"code": f"a{at}", "kind": "ZONE"},
        "Device": lambda at: {"serial": f"d{at}", "type_id": kind},
    }
    for name, given in shape.items():
        for at, refers in enumerate(given):
            held = given_values[name][at] if name in given_values else {}
            row: dict[str, Any] = {"name": f"{name} {at}", **fixed[name](at), **held}
            for column, place in refers.items():
                target = ABOVE[name].get(column, name)
                row[column] = None if place is None else ids[target][place]
            if name in {"Organization", "Area"}:
                above = model.rows[name][row["parent_id"]]["path"] if row["parent_id"] else []
                row["path"] = [*above, ids[name][at]]
            model.rows[name][ids[name][at]] = row
    times = {"created_at": clock.now(), "updated_at": clock.now()}
    async with databases.app.write(tenant.id) as connection:
        for name, table in TABLES.items():
            rows = [{"tenant_id": tenant.id, "id": row_id, **times, **row} for row_id, row in model.rows[name].items()]
            if rows:
                await connection.execute(insert(table), rows)
    return model
