"""The estates that are measured, made by a few set-based statements: the same ids, names and values on any machine.

50 tenants of 10 locations x 5 areas x 20 devices; one of 50 x 10 x 100, which is 50,000 devices; 1,000 tenants of 10
devices. Each has one token, which lasts for a day.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import asyncpg

from auth.scopes import Scope
from auth.token import digest, mint
from benchmarks.timed.seeded import DEEP, Seeded, Tenant
from models import PLATFORM_ID
from models.clock import uuid7
from models.tenant import short_id

# The first day of 2025 in milliseconds: what ids are counted from, as UUIDv7 are.
FIRST_DAY = 1_735_689_600_000
SCOPES = (
    Scope.CONTEXT_READ,
    Scope.LOCATIONS_READ,
    Scope.AREAS_READ,
    Scope.DEVICES_READ,
    Scope.DEVICES_WRITE,
    Scope.DEVICE_TYPES_READ,
)


@dataclass(frozen=True)
class Shape:
    """So many tenants, `slug`-1 and so on, and how much each has of what is above it."""

    slug: str
    tenants: int
    locations: int
    areas: int
    devices: int


SHAPES = (
    Shape("bench", tenants=50, locations=10, areas=5, devices=20),
    Shape("big", tenants=1, locations=50, areas=10, devices=100),
    Shape("small", tenants=1000, locations=1, areas=1, devices=10),
)

# `bench_id(kind, n)` is a UUIDv7 of the nth millisecond of its kind; the tail is drawn from both.
ID = f"""
CREATE FUNCTION pg_temp.bench_id(kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
SELECT (lpad(to_hex({FIRST_DAY} + n), 12, '0') || '7' || lpad(to_hex(kind), 3, '0')
        || '8' || left(md5(kind || '-' || n), 15))::uuid $$"""
TENANTS = """
INSERT INTO tenant (id, short_id, slug, name, status, parent_id, path, created_at, updated_at)
SELECT id, short_id, slug, initcap(replace(slug, '-', ' ')), 'ACTIVE', $1, ARRAY[$1, id], $2, $2
FROM unnest($3::uuid[], $4::text[], $5::text[]) AS given (id, short_id, slug)"""
SIZES = """
CREATE TEMPORARY TABLE size AS SELECT * FROM unnest($1::int[], $2::uuid[], $3::int[], $4::int[], $5::int[])
AS given (t, tenant_id, locations, areas, devices)"""
TYPES = """
INSERT INTO device_type (tenant_id, id, key, name, kind, created_at, updated_at)
SELECT tenant_id, pg_temp.bench_id(1, t), 'reader', 'Reader', 'READER', $1, $1 FROM size"""
LOCATIONS = """
INSERT INTO location (tenant_id, id, code, name, city, country, time_zone, created_at, updated_at)
SELECT tenant_id, pg_temp.bench_id(2, t * 100 + l), 'L' || lpad(l::text, 2, '0'),
       (ARRAY['Harbour', 'Station', 'Market', 'Garden'])[1 + l % 4] || ' house ' || l, 'Oslo', 'NO', 'Europe/Oslo',
       $1, $1
FROM size, generate_series(1, locations) AS l"""
AREAS = """
INSERT INTO area (tenant_id, id, location_id, path, code, name, kind, floor, created_at, updated_at)
SELECT tenant_id, id, pg_temp.bench_id(2, t * 100 + l), ARRAY[id], 'A' || lpad(a::text, 2, '0'), 'Floor ' || a,
       'FLOOR', a::text, $1, $1
FROM size, generate_series(1, locations) AS l, generate_series(1, areas) AS a,
     pg_temp.bench_id(3, (t * 100 + l) * 100 + a) AS id"""
# Names are in another order than ids, and some are shared.
DEVICES = """
INSERT INTO device (tenant_id, id, serial, name, type_id, location_id, area_id, status, lifecycle, firmware,
                    last_seen_at, created_at, updated_at)
SELECT tenant_id, pg_temp.bench_id(4, n), 'S' || n,
       (ARRAY['Door reader ', 'Sensor ', 'Lift ', 'Meter '])[1 + d % 4] || left(md5(n::text), 5),
       pg_temp.bench_id(1, t), pg_temp.bench_id(2, t * 100 + l), pg_temp.bench_id(3, (t * 100 + l) * 100 + a),
       CASE WHEN d % 7 = 0 THEN 'OFFLINE' ELSE 'ONLINE' END, 'DEPLOYED', d % 3 + 1 || '.' || d % 5 || '.0', $1, $1, $1
FROM size, generate_series(1, locations) AS l, generate_series(1, areas) AS a, generate_series(1, devices) AS d,
     LATERAL (SELECT ((t * 100 + l)::bigint * 100 + a) * 1000 + d) AS numbered (n)"""
TOKENS = """
INSERT INTO token (tenant_id, id, name, scopes, expires_at, created_at, updated_at)
SELECT tenant_id, pg_temp.bench_id(5, t), 'bench', $1, $2::timestamptz + interval '1 day', $2, $2 FROM size"""
CREDENTIALS = """
INSERT INTO credential (hash, tenant_id, token_id)
SELECT hash, tenant_id, pg_temp.bench_id(5, t)
FROM size JOIN unnest($1::int[], $2::bytea[]) AS given (t, hash) USING (t)"""
PLACE = "SELECT name, id FROM device WHERE tenant_id = $1 ORDER BY name, id LIMIT 1 OFFSET $2"
OWNED = "SELECT tenant_id, array_agg(id ORDER BY id) AS devices FROM device GROUP BY tenant_id"


async def seed(superuser: asyncpg.Connection) -> Seeded:
    """Fill an empty, migrated database, in a transaction, and make its statistics what they would be in the long run.

    As a superuser, since no other role writes many tenants' rows by one statement.
    """
    now = await superuser.fetchval("SELECT date_trunc('milliseconds', now())")
    tenants = [*_tenants()]
    numbers = [*range(1, len(tenants) + 1)]
    secrets = [mint().reveal() for _ in tenants]
    ids = [tenant_id for tenant_id, _, _ in tenants]
    sizes = [[getattr(shape, each) for _, _, shape in tenants] for each in ("locations", "areas", "devices")]
    async with superuser.transaction():
        await superuser.execute(ID)
        shorts, slugs = [short_id(each) for each in ids], [slug for _, slug, _ in tenants]
        await superuser.execute(TENANTS, PLATFORM_ID, now, ids, shorts, slugs)
        await superuser.execute(SIZES, numbers, ids, *sizes)
        for statement in (TYPES, LOCATIONS, AREAS, DEVICES):
            await superuser.execute(statement, now)
        await superuser.execute(TOKENS, [*map(str, SCOPES)], now)
        await superuser.execute(CREDENTIALS, numbers, [digest(each) for each in secrets])
    await superuser.execute("VACUUM ANALYZE")
    await superuser.execute("CHECKPOINT")
    place = await superuser.fetchrow(PLACE, ids[slugs.index("big-1")], DEEP - 1)
    assert place is not None, "the big tenant has as many devices"
    found = await superuser.fetch(OWNED)
    devices = {row["tenant_id"]: tuple(row["devices"]) for row in found}
    return Seeded(
        {
            slug: Tenant(tenant_id, secret, devices[tenant_id])
            for (tenant_id, slug, _), secret in zip(tenants, secrets, strict=True)
        },
        (place["name"], place["id"]),
    )


def _tenants() -> Iterator[tuple[uuid.UUID, str, Shape]]:
    slugs = [(f"{shape.slug}-{number}", shape) for shape in SHAPES for number in range(1, shape.tenants + 1)]
    for number, (slug, shape) in enumerate(slugs):
        yield uuid7(FIRST_DAY + number, number), slug, shape
