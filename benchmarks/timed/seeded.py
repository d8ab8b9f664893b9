"""What was seeded, as far as requests name it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

# Rows before the deep page.
DEEP = 45_000


@dataclass(frozen=True)
class Tenant:
    """A tenant, the text of its token, and its devices in the order of their ids."""

    id: uuid.UUID
    token: str = field(repr=False)
    devices: tuple[uuid.UUID, ...]


@dataclass(frozen=True)
class Seeded:
    """Every tenant by its slug; `place` is name and id of the big one's 45,000th device by name."""

    tenants: Mapping[str, Tenant]
    place: tuple[str, uuid.UUID]

    @property
    def read(self) -> Tenant:
        """One of the 50 with 1,000 devices, that nothing changes."""
        return self.tenants["bench-1"]

    @property
    def changed(self) -> Tenant:
        """One of the 50 with 1,000 devices, whose devices are renamed."""
        return self.tenants["bench-2"]

    @property
    def big(self) -> Tenant:
        """The one with 50,000 devices."""
        return self.tenants["big-1"]

    @property
    def some(self) -> tuple[uuid.UUID, ...]:
        """Two hundred devices of the tenant that is read, asked for one after the other."""
        return self.read.devices[::5]

    @property
    def hundred(self) -> tuple[uuid.UUID, ...]:
        """A hundred devices of the tenant that is read, asked for at once."""
        return self.read.devices[::10]

    @property
    def small(self) -> tuple[Tenant, ...]:
        """The 1,000 with 10 devices each."""
        return tuple(tenant for slug, tenant in self.tenants.items() if slug.startswith("small-"))
