"""The mutations that are counted, each with an input that touches as much as it can. A new field gets a line here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLSchema

from benchmarks.documents import mutation
from benchmarks.estate import Estate
from benchmarks.operation import Fill, Operation, Request
from benchmarks.people import UNBOUND
from loaders.entities import (
    AREA,
    DEVICE,
    DEVICE_TYPE,
    LOCATION,
    ORGANIZATION,
    ROLE,
    ROLE_BINDING,
    SERVICE_ACCOUNT,
    TENANT,
    TOKEN,
    USER,
    Entity,
)

RECORDS = "the audit's one (its head, the records with their values)"
EVENTS = "the feed's and the audit's one (numbers, events, records with their values, both heads)"
REFERENCES = "one for each reference"
WAY_UP = "one for each level above, at most five"
CASCADE = f"one for each kind that hangs on each level, at most five levels; one for each kind that goes; {EVENTS}"
RESTORE = f"the set, one for each kind, one for each reference of a kind, the set's end; {EVENTS}"
TENANTS = (
    f"the tenant, one for each level beneath, at most five, all written at once; {EVENTS}",
    f"the tenant, the root of its set, the tenant above, all written at once; {EVENTS}",
)


@dataclass(frozen=True)
class Line:
    """A mutation field and its input; `before` and `after` are fields with inputs, sent around it uncounted."""

    field: str
    fill: Fill
    why: str
    before: tuple[str, Fill] | None = None
    after: tuple[str, Fill] | None = None
    name: str = ""


def _the(entity: Entity, at: int = 0) -> Fill:
    return lambda estate, _run: {"id": estate.id(entity, at)}


def _all(entity: Entity, at: int = 0) -> Fill:
    return lambda estate, _run: {"id": estate.id(entity, at), "cascade": True}


def _renamed(entity: Entity, at: int = 0) -> Fill:
    return lambda estate, run: {"id": estate.id(entity, at), "name": f"Some name {run}"}


def _to(entity: Entity, place: str, target: Entity, at: int = 0) -> Fill:
    """To the first place after `at` and to the second one in turn."""
    return lambda estate, run: {"id": estate.id(entity, at), "to": {place: estate.id(target, at + 1 + run % 2)}}


def _pair(
    noun: str, entity: Entity, at: int = 0, what: str = "", why: tuple[str, str] = (CASCADE, RESTORE)
) -> tuple[Line, Line]:
    """Deleting and restoring one thing with everything on it; each undoes the other."""
    gone, back = (f"delete{noun}", _all(entity, at)), (f"restore{noun}", _the(entity, at))
    return (
        Line(*gone, why[0], after=back, name=what and f"{gone[0]}, {what}"),
        Line(*back, why[1], before=gone, name=what and f"{back[0]}, {what}"),
    )


def _one_of(entity: Entity) -> Fill:
    """One of the second half of a list, another each time."""
    return lambda estate, run: {"id": estate.id(entity, estate.size + run % estate.size)}


def _account(noun: str, entity: Entity, new: Fill) -> tuple[Line, ...]:
    """Making, changing, disabling, enabling and deleting a person or a program."""
    written = f"the row locked and written; {RECORDS}"
    off, on = (f"disable{noun}", _the(entity)), (f"enable{noun}", _the(entity))
    erased = "; of a person the kept answers, the audit's head, its values and their end" if entity is USER else ""
    return (
        Line(f"create{noun}", new, f"the row; {RECORDS}"),
        Line(f"update{noun}", _renamed(entity), written),
        Line(*off, written, after=on),
        Line(*on, f"the row locked and written, its roles; {RECORDS}", before=off),
        Line(
            f"delete{noun}", _one_of(entity), f"the row locked and written, its bindings, its tokens; {RECORDS}{erased}"
        ),
    )


def _device(key: str = "") -> Fill:
    return lambda estate, run: {
        "serial": f"new{key}{run}",
        "name": f"Some new {run}",
        "typeId": estate.id(DEVICE_TYPE),
        "parentId": estate.id(DEVICE),
        "organizationId": estate.id(ORGANIZATION),
        "place": {"areaId": estate.id(AREA)},
        **({"clientMutationId": f"{key}{run}"} if key else {}),
    }


def _many_new(estate: Estate, run: int) -> dict[str, Any]:
    """As many as the estate has in a list."""
    one = _device()
    return {"items": [{**one(estate, run), "serial": f"bulk{run}-{at}"} for at in range(estate.size)]}


def _many_renamed(estate: Estate, run: int) -> dict[str, Any]:
    return {"items": [{"id": estate.id(DEVICE, at), "name": f"Some name {run}"} for at in range(estate.size)]}


LINES = (
    Line(
        "createLocation",
        lambda estate, run: {"code": f"new{run}", "name": "Some new", "organizationId": estate.id(ORGANIZATION)},
        f"{REFERENCES}, the row; {EVENTS}",
    ),
    Line("updateLocation", _renamed(LOCATION), f"the row locked and written; {EVENTS}"),
    Line(
        "moveLocation",
        _to(LOCATION, "organizationId", ORGANIZATION),
        f"the row locked and written, {REFERENCES}; {EVENTS}",
    ),
    *_pair("Location", LOCATION),
    *_pair("Location", LOCATION, 1, "parts of what stands elsewhere"),
    Line(
        "createArea",
        lambda estate, run: {
            "code": f"new{run}",
            "name": "Some new",
            "kind": "ROOM",
            "place": {"parentId": estate.id(AREA)},
        },
        f"{REFERENCES}, {WAY_UP}, the row; {EVENTS}",
    ),
    Line("updateArea", _renamed(AREA), f"the row locked and written; {EVENTS}"),
    Line(
        "moveArea",
        _to(AREA, "parentId", AREA),
        f"the row locked and written, {REFERENCES}, one for each level above and beneath, at most five; {EVENTS}",
    ),
    *_pair("Area", AREA),
    Line(
        "createOrganization",
        lambda estate, run: {"key": f"new{run}", "name": "Some new", "parentId": estate.id(ORGANIZATION)},
        f"{REFERENCES}, {WAY_UP}, the row; {EVENTS}",
    ),
    Line("updateOrganization", _renamed(ORGANIZATION), f"the row locked and written; {EVENTS}"),
    Line(
        "moveOrganization",
        _to(ORGANIZATION, "parentId", ORGANIZATION, 1),
        f"the row locked and written, {REFERENCES}, one for each level above and beneath, at most five; {EVENTS}",
    ),
    *_pair("Organization", ORGANIZATION),
    Line(
        "createDeviceType",
        lambda _estate, run: {"key": f"new{run}", "name": "Some new", "kind": "READER"},
        f"the row; {EVENTS}",
    ),
    Line("updateDeviceType", _renamed(DEVICE_TYPE), f"the row locked and written; {EVENTS}"),
    *_pair("DeviceType", DEVICE_TYPE),
    Line("createDevice", _device(), f"{REFERENCES}, {WAY_UP}, the row; {EVENTS}"),
    Line(
        "createDevice",
        _device("once"),
        "as without a key; the key is claimed, its answer kept",
        name="createDevice, with a key",
    ),
    Line(
        "createDevice",
        _device("again"),
        "the key is taken, its first answer",
        before=("createDevice", _device("again")),
        name="createDevice, repeated",
    ),
    Line("bulkCreateDevices", _many_new, f"as for one device, however many; {EVENTS}"),
    Line("bulkUpdateDevices", _many_renamed, f"all rows locked at once, all written at once; {EVENTS}"),
    Line("updateDevice", _renamed(DEVICE), f"the row locked and written; {EVENTS}"),
    Line(
        "moveDevice",
        _to(DEVICE, "areaId", AREA),
        f"the row locked and written, {REFERENCES}; {EVENTS}",
    ),
    *_pair("Device", DEVICE),
    Line(
        "createTenant",
        lambda estate, run: {
            "slug": f"new-{estate.size}-{run}",
            "name": "Some new",
            "parentId": estate.id(TENANT, 1),
        },
        f"the tenant above, the row; {EVENTS}",
    ),
    Line("updateTenant", _renamed(TENANT, 1), f"the row locked and written; {EVENTS}"),
    Line(
        "suspendTenant",
        _the(TENANT, 2),
        f"the row locked and written; {EVENTS}",
        after=("restoreTenant", _the(TENANT, 2)),
    ),
    *_pair("Tenant", TENANT, 1, why=TENANTS),
    *_account(
        "User",
        USER,
        lambda _estate, run: {"name": "Some new", "issuer": "https://issuer.example", "subject": f"new{run}"},
    ),
    *_account("ServiceAccount", SERVICE_ACCOUNT, lambda _estate, run: {"name": f"Some new {run}"}),
    Line(
        "createRole",
        lambda _estate, run: {"name": f"Some new {run}", "scopes": ["tenant.devices.read"]},
        f"how many there are, the row; {RECORDS}",
    ),
    Line("updateRole", _renamed(ROLE), f"the row locked and written; {RECORDS}"),
    Line(
        "deleteRole",
        lambda estate, run: {"id": estate.id(ROLE, estate.size + run % UNBOUND)},
        f"the row locked and written, how often it is bound; {RECORDS}",
    ),
    Line(
        "createRoleBinding",
        lambda estate, run: {
            "role": estate.id(ROLE),
            "principal": estate.id(USER, run % estate.size),
            "node": estate.id(AREA),
        },
        f"the role, who is to have it, the node, the row, how many it has; {RECORDS}",
    ),
    Line(
        "deleteRoleBinding",
        lambda estate, run: {"id": estate.id(ROLE_BINDING, run % estate.size)},
        f"the row; {RECORDS}",
    ),
    Line(
        "createToken",
        lambda estate, run: {
            "name": f"Some new {run}",
            "scopes": ["tenant.devices.read"],
            "node": estate.id(AREA),
            "networks": ["192.0.2.0/24"],
        },
        f"the node, the row, the hash of its secret; {RECORDS}",
    ),
    Line(
        "createToken",
        lambda estate, run: {
            "name": f"Some owned {run}",
            "scopes": ["tenant.devices.read"],
            "owner": estate.id(SERVICE_ACCOUNT),
        },
        f"the owner with its roles, the row, the hash of its secret; {RECORDS}",
        name="createToken, for a program",
    ),
    Line("updateToken", _renamed(TOKEN), f"the row locked and written; {RECORDS}"),
    Line("rotateToken", _the(TOKEN), f"the row locked and written, the hash of its secret; {RECORDS}"),
    Line("revokeToken", _one_of(TOKEN), f"the row locked and written; {RECORDS}"),
    Line("rotateOwnToken", lambda _estate, _run: {}, f"the row locked and written, the hash of its secret; {RECORDS}"),
    Line("revokeOwnToken", lambda _estate, _run: {}, f"the row locked and written; {RECORDS}"),
)


def mutations(schema: GraphQLSchema) -> Iterator[Operation]:
    """Every line as an operation."""

    def request(field: str, fill: Fill) -> Request:
        return Request(mutation(schema, field), lambda estate, run: {"in": fill(estate, run)})

    for line in LINES:
        yield Operation(
            line.name or line.field,
            f"Mutation.{line.field}",
            request(line.field, line.fill),
            line.why,
            before=line.before and request(*line.before),
            after=line.after and request(*line.after),
        )
