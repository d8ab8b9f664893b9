"""The words that PostGraphile makes from the tables; what is deleted is left out by a condition."""

from typing import Any

from benchmarks.timed.ask import UNIQUE, Ask, graphql
from benchmarks.timed.dialect import Dialect, Walk, under_data
from benchmarks.timed.seeded import DEEP, Seeded, Tenant

FIELDS = "id: rowId serial name status firmware"
AREA, LOCATION = "areaByTenantIdAndLocationIdAndAreaId", "locationByTenantIdAndLocationId"
LIVING = "condition: {deletedAt: null}"
TREE = f"""query ($tenant: UUID!) {{ answer: tenantByRowId(rowId: $tenant) {{ id: rowId name
  locations: locationsByTenantId(first: 10, {LIVING}) {{ nodes {{ id: rowId name
    areas: areasByTenantIdAndLocationId(first: %d, {LIVING}) {{ nodes {{ id: rowId name
      devices: devicesByTenantIdAndLocationIdAndAreaId(first: %d, {LIVING}) {{ nodes {{
        {FIELDS} }} }} }} }} }} }} }} }}"""
POINT = f"""query ($tenant: UUID!, $id: UUID!) {{ answer: deviceByTenantIdAndRowId(tenantId: $tenant, rowId: $id) {{
  {FIELDS} area: {AREA} {{ id: rowId name location: {LOCATION} {{ id: rowId name }} }} }} }}"""
PAGE = f"""query ($tenant: UUID!) {{ answer: allDevices(first: 50, orderBy: [NAME_ASC, ROW_ID_ASC],
  condition: {{tenantId: $tenant, status: "ONLINE", deletedAt: null}}) {{ totalCount nodes {{
    id: rowId serial name status area: {AREA} {{ name }} location: {LOCATION} {{ name }} }} }} }}"""
LIST = """query ($tenant: UUID!, $after: Cursor) { answer: allDevices(first: %d, after: $after,
  orderBy: [NAME_ASC, ROW_ID_ASC], condition: {tenantId: $tenant, deletedAt: null}) { %s } }"""
PAGED = LIST % (50, f"nodes {{ {FIELDS} }}")
UPDATE = """mutation ($tenant: UUID!, $id: UUID!, $name: String!) { answer: updateDeviceByTenantIdAndRowId(
  input: {tenantId: $tenant, rowId: $id, devicePatch: {name: $name}}) { device { id: rowId name } } }"""
DEVICES = f"""query ($tenant: UUID!) {{ answer: allDevices(first: 10,
  condition: {{tenantId: $tenant, deletedAt: null}}) {{ nodes {{ {FIELDS} }} }} }}"""


def _ask(document: str, tenant: Tenant, **variables: Any) -> Ask:
    return graphql(document, {"tenant": tenant.id, **variables})


def _walk(seeded: Seeded, cursor: str | None) -> Ask:
    return _ask(LIST % (DEEP, "pageInfo { endCursor }"), seeded.big, after=cursor)


def _rename(tenant: Tenant) -> list[Ask]:
    return [_ask(UPDATE, tenant, id=each, name=f"Renamed {UNIQUE}") for each in tenant.devices]


def _read(case: str, answered: Any) -> Any:
    value = under_data(case, answered)
    return value["device"] if case == "update" else value


# Many ids at once it does not take without a plugin.
DIALECT = Dialect(
    {
        "tree": lambda seeded, _: [_ask(TREE % (5, 20), seeded.read)],
        "tree10": lambda seeded, _: [_ask(TREE % (10, 100), seeded.big)],
        "point": lambda seeded, _: [_ask(POINT, seeded.read, id=each) for each in seeded.some],
        "page": lambda seeded, _: [_ask(PAGE, seeded.read)],
        "first": lambda seeded, _: [_ask(PAGED, seeded.big)],
        "deep": lambda seeded, cursor: [_ask(PAGED, seeded.big, after=cursor)],
        "update": lambda seeded, _: _rename(seeded.changed),
        "tenant": lambda seeded, _: [_ask(DEVICES, seeded.small[0])],
        "tenants": lambda seeded, _: [_ask(DEVICES, tenant) for tenant in seeded.small],
    },
    deep="by its cursor",
    read=_read,
    walk=Walk(DEEP, _walk),
)
