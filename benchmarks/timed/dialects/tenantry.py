"""Tenantry's own words: the token says which tenant it is."""

from typing import Any

from benchmarks.timed.ask import UNIQUE, Ask, graphql
from benchmarks.timed.dialect import Dialect, Walk
from benchmarks.timed.seeded import Seeded, Tenant

FIELDS = "id serial name status firmware"
TREE = f"""{{ answer: tenant {{ id name locations(first: 10) {{ nodes {{ id name areas(first: %d) {{ nodes {{ id name
  devices(first: %d) {{ nodes {{ {FIELDS} }} }} }} }} }} }} }} }}"""
POINT = f"""query ($id: ID!) {{ answer: node(id: $id) {{ ... on Device {{ {FIELDS}
  area {{ id name location {{ id name }} }} }} }} }}"""
PAGE = """{ answer: devices(first: 50, filter: {status: {eq: ONLINE}}, orderBy: NAME_ASC) {
  totalCount nodes { id serial name status area { name } location { name } } } }"""
PAGED = f"""query ($after: String) {{ answer: devices(first: 50, after: $after, orderBy: NAME_ASC) {{
  nodes {{ {FIELDS} }} }} }}"""
WALK = """query ($after: String) { answer: devices(first: 100, after: $after, orderBy: NAME_ASC) {
  pageInfo { endCursor } } }"""
ENTITIES = """query ($all: [_Any!]!) { answer: _entities(representations: $all) { ... on Device {
  id serial name area { name location { name } } } } }"""
UPDATE = """mutation ($in: UpdateDeviceInput!) { answer: updateDevice(input: $in) { ... on Device { id name } } }"""
DEVICES = f"{{ answer: devices(first: 10) {{ nodes {{ {FIELDS} }} }} }}"


def _ask(document: str, tenant: Tenant, **variables: Any) -> Ask:
    return graphql(document, variables, tenant.token)


def _entities(seeded: Seeded) -> Ask:
    wanted = [{"__typename": "Device", "id": f"dev_{each}"} for each in seeded.hundred]
    return _ask(ENTITIES, seeded.read, all=wanted)


def _rename(tenant: Tenant) -> list[Ask]:
    return [
        _ask(UPDATE, tenant, **{"in": {"id": f"dev_{each}", "name": f"Renamed {UNIQUE}"}}) for each in tenant.devices
    ]


DIALECT = Dialect(
    {
        "tree": lambda seeded, _: [_ask(TREE % (5, 20), seeded.read)],
        "tree10": lambda seeded, _: [_ask(TREE % (10, 100), seeded.big)],
        "point": lambda seeded, _: [_ask(POINT, seeded.read, id=f"dev_{each}") for each in seeded.some],
        "page": lambda seeded, _: [_ask(PAGE, seeded.read)],
        "first": lambda seeded, _: [_ask(PAGED, seeded.big)],
        "deep": lambda seeded, cursor: [_ask(PAGED, seeded.big, after=cursor)],
        "entities": lambda seeded, _: [_entities(seeded)],
        "update": lambda seeded, _: _rename(seeded.changed),
        "tenant": lambda seeded, _: [_ask(DEVICES, seeded.small[0])],
        "tenants": lambda seeded, _: [_ask(DEVICES, tenant) for tenant in seeded.small],
    },
    deep="by its cursor",
    walk=Walk(100, lambda seeded, cursor: _ask(WALK, seeded.big, after=cursor)),
)
