"""The words of the peers whose schemas are written by hand: the tenant is an argument, pages go by offset."""

from collections.abc import Callable
from typing import Any

from benchmarks.timed.ask import UNIQUE, Ask, graphql
from benchmarks.timed.dialect import Dialect
from benchmarks.timed.seeded import DEEP, Seeded, Tenant

FIELDS = "id serial name status firmware"
TREE = f"""query ($tenant: ID!) {{ answer: tenant(id: $tenant) {{ id name locations(first: 10) {{ nodes {{ id name
  areas(first: %d) {{ nodes {{ id name devices(first: %d) {{ nodes {{ {FIELDS} }} }} }} }} }} }} }} }}"""
POINT = f"""query ($tenant: ID!, $id: ID!) {{ answer: device(tenantId: $tenant, id: $id) {{ {FIELDS}
  area {{ id name location {{ id name }} }} }} }}"""
PAGE = """query ($tenant: ID!) { answer: devices(tenantId: $tenant, first: 50, status: "ONLINE", byName: true) {
  totalCount nodes { id serial name status area { name } location { name } } } }"""
LIST = f"""query ($tenant: ID!, $offset: Int!) {{ answer: devices(tenantId: $tenant, first: 50, offset: $offset,
  byName: true) {{ nodes {{ {FIELDS} }} }} }}"""
SHOWN = "id serial name area { name location { name } }"
BY_ID = f"""query ($tenant: ID!, $ids: [ID!]!) {{ answer: devicesById(tenantId: $tenant, ids: $ids) {{ {SHOWN} }} }}"""
ENTITIES = (
    f"""query ($all: [_Any!]!) {{ answer: _entities(representations: $all) {{ ... on Device {{ {SHOWN} }} }} }}"""
)
UPDATE = """mutation ($tenant: ID!, $id: ID!, $name: String!) { answer: updateDevice(tenantId: $tenant, id: $id,
  name: $name) { id name } }"""
DEVICES = f"query ($tenant: ID!) {{ answer: devices(tenantId: $tenant, first: 10) {{ nodes {{ {FIELDS} }} }} }}"


def _ask(document: str, tenant: Tenant, **variables: Any) -> Ask:
    return graphql(document, {"tenant": tenant.id, **variables})


def _by_id(seeded: Seeded) -> Ask:
    return _ask(BY_ID, seeded.read, ids=seeded.hundred)


def _entities(seeded: Seeded) -> Ask:
    wanted = [{"__typename": "Device", "tenantId": seeded.read.id, "id": each} for each in seeded.hundred]
    return graphql(ENTITIES, {"all": wanted})


def _rename(tenant: Tenant) -> list[Ask]:
    return [_ask(UPDATE, tenant, id=each, name=f"Renamed {UNIQUE}") for each in tenant.devices]


def _dialect(many: Callable[[Seeded], Ask]) -> Dialect:
    return Dialect(
        {
            "tree": lambda seeded, _: [_ask(TREE % (5, 20), seeded.read)],
            "tree10": lambda seeded, _: [_ask(TREE % (10, 100), seeded.big)],
            "point": lambda seeded, _: [_ask(POINT, seeded.read, id=each) for each in seeded.some],
            "page": lambda seeded, _: [_ask(PAGE, seeded.read)],
            "first": lambda seeded, _: [_ask(LIST, seeded.big, offset=0)],
            "deep": lambda seeded, _: [_ask(LIST, seeded.big, offset=DEEP)],
            "entities": lambda seeded, _: [many(seeded)],
            "update": lambda seeded, _: _rename(seeded.changed),
            "tenant": lambda seeded, _: [_ask(DEVICES, seeded.small[0])],
            "tenants": lambda seeded, _: [_ask(DEVICES, tenant) for tenant in seeded.small],
        },
        deep="by offset",
    )


# A subgraph of a federation, and one that has a field for many ids instead.
SUBGRAPH, NODES = _dialect(_entities), _dialect(_by_id)
