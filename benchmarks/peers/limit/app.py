"""The bare limit: ASGI and asyncpg, one statement, its text passed through. No GraphQL, no token, no tenant checked.

The body of a request is the list of the statement's parameters. Runs in Tenantry's own environment, on the same
uvicorn, uvloop, httptools and asyncpg; as many connections as its environment says (PGHOST and so on).
"""

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import uvicorn

# One statement for each address; `$1` is always the tenant.
ANSWER = "SELECT json_build_object('data', json_build_object('answer', ({})))::text"
FIELDS = "d.id, d.serial, d.name, d.status, d.firmware"
NODES = "json_build_object('nodes', coalesce(json_agg(row_to_json({0})), '[]'))"
LIVING = "d.tenant_id = $1 AND d.deleted_at IS NULL"
LOCATION = "(SELECT row_to_json(l) FROM (SELECT {} FROM location l WHERE l.tenant_id = $1 AND l.id = {}) l)"
AREA = "(SELECT row_to_json(a) FROM (SELECT {} FROM area a WHERE a.tenant_id = $1 AND a.id = d.area_id) a)"
BEYOND = f"{LOCATION.format('l.id, l.name', 'a.location_id')} AS location"
BEYOND_NAME = f"{LOCATION.format('l.name', 'a.location_id')} AS location"

TREE = f"""
SELECT row_to_json(t) FROM (SELECT t.id, t.name, (
  SELECT {NODES.format("l")} FROM (SELECT l.id, l.name, (
    SELECT {NODES.format("a")} FROM (SELECT a.id, a.name, (
      SELECT {NODES.format("d")} FROM (
        SELECT {FIELDS} FROM device d WHERE {LIVING} AND d.area_id = a.id ORDER BY d.id LIMIT $4) d) AS devices
    FROM area a WHERE a.tenant_id = $1 AND a.location_id = l.id AND a.deleted_at IS NULL ORDER BY a.id LIMIT $3) a
  ) AS areas FROM location l WHERE l.tenant_id = $1 AND l.deleted_at IS NULL ORDER BY l.id LIMIT $2) l
) AS locations FROM tenant t WHERE t.id = $1) t"""
POINT = f"""
SELECT row_to_json(d) FROM (
  SELECT {FIELDS}, {AREA.format(f"a.id, a.name, {BEYOND}")} AS area
  FROM device d WHERE {LIVING} AND d.id = $2) d"""
PAGE = f"""
SELECT json_build_object(
  'totalCount', (SELECT count(*) FROM device d WHERE {LIVING} AND d.status = $2),
  'nodes', (SELECT coalesce(json_agg(row_to_json(d)), '[]') FROM (
    SELECT d.id, d.serial, d.name, d.status, {AREA.format("a.name")} AS area,
           {LOCATION.format("l.name", "d.location_id")} AS location
    FROM device d WHERE {LIVING} AND d.status = $2 ORDER BY d.name, d.id LIMIT 50) d))"""
FIRST = f"""
SELECT {NODES.format("d")} FROM (SELECT {FIELDS} FROM device d WHERE {LIVING} ORDER BY d.name, d.id LIMIT 50) d"""
DEEP = f"""
SELECT {NODES.format("d")} FROM (
  SELECT {FIELDS} FROM device d WHERE {LIVING} AND (d.name, d.id) > ($2, $3) ORDER BY d.name, d.id LIMIT 50) d"""
ENTITIES = f"""
SELECT json_agg(row_to_json(d) ORDER BY at) FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted (id, at), LATERAL (
  SELECT d.id, d.serial, d.name, {AREA.format(f"a.name, {BEYOND_NAME}")} AS area
  FROM device d WHERE {LIVING} AND d.id = wanted.id) d"""
DEVICES = f"""
SELECT {NODES.format("d")} FROM (SELECT {FIELDS} FROM device d WHERE {LIVING} ORDER BY d.id LIMIT 10) d"""
UPDATE = """
WITH changed AS (
  UPDATE device SET name = $3, version = version + 1, updated_at = now()
  WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL RETURNING id, name)
SELECT json_build_object('data', json_build_object('answer', (SELECT row_to_json(changed) FROM changed)))::text"""

STATEMENTS = {
    "/tree": ANSWER.format(TREE),
    "/point": ANSWER.format(POINT),
    "/page": ANSWER.format(PAGE),
    "/first": ANSWER.format(FIRST),
    "/deep": ANSWER.format(DEEP),
    "/entities": ANSWER.format(ENTITIES),
    "/devices": ANSWER.format(DEVICES),
    "/update": UPDATE,
}
pools: list[Any] = []


async def app(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """Answer one request; make the pool before the first."""
    if scope["type"] == "lifespan":
        await receive()
        pools.append(await asyncpg.create_pool(min_size=8, max_size=8))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = b""
    more = True
    while more:
        message = await receive()
        body += message["body"]
        more = message["more_body"]
    async with pools[0].acquire() as connection:
        text = (await connection.fetchval(STATEMENTS[scope["path"]], *json.loads(body))).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), lifespan="on", access_log=False, log_level="warning")
