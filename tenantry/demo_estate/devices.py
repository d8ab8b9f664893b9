"""Making up one device after the other: its serial and name, its age and value, and how it is doing."""

import json
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from models import DeviceLifecycle, DeviceStatus
from models.clock import Clock
from tenantry.demo_estate.catalogue import Type

COLUMNS = (
    "id", "tenant_id", "serial", "name", "type_id", "location_id", "area_id", "parent_id", "organization_id",
    "status", "lifecycle", "firmware", "enabled", "labels", "reported", "desired", "purchase_value", "currency",
    "warranty_ends_at", "last_seen_at", "created_at", "updated_at",
)  # fmt: skip
# Of a hundred devices: how many are ONLINE and OFFLINE; the others have never been heard of.
PRESENCE = {DeviceStatus.ONLINE: 93, DeviceStatus.OFFLINE: 5, DeviceStatus.UNKNOWN: 2}
LIFECYCLES = {DeviceLifecycle.DEPLOYED: 955, DeviceLifecycle.MAINTENANCE: 25, DeviceLifecycle.RETIRED: 20}
WARRANTY_YEARS = (2, 3, 5)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a device is: its site and, unless it lies in stock, an area of it."""

    location_id: uuid.UUID
    organization_id: uuid.UUID | None
    installed: datetime
    area_id: uuid.UUID | None
    called: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Maker:
    """Makes one customer's devices; the same `random` makes the same ones."""

    clock: Clock
    random: Random
    tenant_id: uuid.UUID
    currency: str
    type_ids: Mapping[str, uuid.UUID]
    made: Counter[tuple[Any, ...]] = field(default_factory=Counter)

    def make(self, kind: Type, spot: Spot, parent_id: uuid.UUID | None, lifecycle: DeviceLifecycle) -> tuple[Any, ...]:
        """A row of `COLUMNS`."""
        created = spot.installed + timedelta(seconds=self.random.randrange(40 * 86_400))
        status, seen = self._presence(lifecycle)
        silent = status is DeviceStatus.UNKNOWN
        price = Decimal(kind.price) * self.random.randint(92, 108) / 100
        return (
            self.clock.new_id(), self.tenant_id, self._serial(kind, created), self._name(kind, spot),
            self.type_ids[kind.key], spot.location_id, spot.area_id, parent_id, spot.organization_id,
            status, lifecycle, self.random.choice(kind.firmware), lifecycle is not DeviceLifecycle.RETIRED,
            sorted({*kind.labels, *spot.labels}), json.dumps({} if silent else kind.reported(self.random)),
            json.dumps(kind.desired(self.random)), price.quantize(Decimal("0.01")), self.currency,
            self._warranty(created), seen, created, max(created, seen or created),
        )  # fmt: skip

    def lifecycle(self) -> DeviceLifecycle:
        """Nearly always DEPLOYED."""
        return self.random.choices([*LIFECYCLES], [*LIFECYCLES.values()])[0]

    def _presence(self, lifecycle: DeviceLifecycle) -> tuple[DeviceStatus, datetime | None]:
        """Whether it answers, and when it last did: seconds ago, hours or days ago, or never."""
        now, random = self.clock.now(), self.random
        if lifecycle is DeviceLifecycle.AVAILABLE:
            return DeviceStatus.UNKNOWN, None
        if lifecycle is DeviceLifecycle.RETIRED:
            return DeviceStatus.OFFLINE, now - timedelta(days=random.randint(30, 150), seconds=random.randrange(86_400))
        if lifecycle is DeviceLifecycle.MAINTENANCE:
            return DeviceStatus.OFFLINE, now - timedelta(minutes=random.randint(40, 4_000))
        status = random.choices([*PRESENCE], [*PRESENCE.values()])[0]
        ago = {
            DeviceStatus.ONLINE: timedelta(milliseconds=random.randint(500, 240_000)),
            DeviceStatus.OFFLINE: timedelta(seconds=random.randint(7_200, 9 * 86_400)),
        }.get(status)
        return status, None if ago is None else now - ago

    def _serial(self, kind: Type, created: datetime) -> str:
        return f"{kind.serial}{created:%y%V}-{self._count(kind.serial):05}"

    def _name(self, kind: Type, spot: Spot) -> str:
        name = f"{spot.called} {kind.called}"
        number = self._count(spot.location_id, name)
        return name if number == 1 else f"{name} {number}"

    def _count(self, *what: Any) -> int:
        self.made[what] += 1
        return self.made[what]

    def _warranty(self, created: datetime) -> date:
        return (created + timedelta(days=365 * self.random.choice(WARRANTY_YEARS))).date()
