"""All promises, on a database that is filled."""

from collections.abc import Callable

from sqlalchemy import select

from auth.limits import Limits
from auth.verifying import Credentials
from benchmarks.counting import Wire
from benchmarks.postgres import Urls
from benchmarks.promises import audit, grant, signed, token
from benchmarks.promises.callers import caller
from benchmarks.promises.promise import Judgement
from benchmarks.timed.dialects.tenantry import DIALECT
from benchmarks.timed.seeded import Seeded
from models import Device
from models.clock import SystemClock
from models.hierarchy import Node, ReachKind
from schema.build import build
from schema.graph import Graph
from tenantry.databases import Databases


async def judge(urls: Urls, seeded: Seeded, tell: Callable[[str], None]) -> list[Judgement]:
    """Every promise with its figure."""
    wire, clock = Wire(), SystemClock()
    with wire.heard():
        databases = urls.opened()
        try:
            graph = Graph(build(), databases.app, clock, Limits(), credentials=Credentials(databases.platform))
            tell("rights: a warm token")
            found = await token.judged(graph, databases, clock, wire, DIALECT.asks["point"](seeded, ""))
            tell("rights: issuers' tokens")
            found += await signed.judged(clock)
            tell("rights: the audit")
            found.append(await audit.judged(graph, caller(seeded.changed, clock), seeded))
            tell("rights: a grant on 1 of 50 locations")
            return found + await _grant(graph, databases, clock, seeded)
        finally:
            await databases.close()


async def _grant(graph: Graph, databases: Databases, clock: SystemClock, seeded: Seeded) -> list[Judgement]:
    big = seeded.big
    device = big.devices[len(big.devices) // 2]
    where = select(Device.location_id).where(Device.tenant_id == big.id, Device.id == device)
    async with databases.app.read(big.id) as connection:
        location = (await connection.execute(where)).scalar_one()
    assert location is not None, "every seeded device is somewhere"
    bound = caller(big, clock, Node(ReachKind.LOCATION, location))
    return await grant.judged(graph, caller(big, clock), bound, f"loc_{location}", f"dev_{device}")
