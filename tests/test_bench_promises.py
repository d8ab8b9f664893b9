"""`make bench-rights`: what can be counted of it needs no clock, and is held here."""

from graphql import GraphQLSchema

from auth.limits import Limits
from auth.scopes import Scope
from benchmarks.counting import Wire
from benchmarks.promises.signed import KEPT, LESS, Published, calls_of_first_and_again, fetches_of_forged, kept_of_many
from benchmarks.promises.token import added_by_warm_token
from benchmarks.timed.ask import graphql
from benchmarks.timed.dialects.tenantry import POINT
from models.clock import SystemClock
from models.database import Database
from schema.graph import Graph
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.estate import Estate
from tests.http import token_of
from tests.postgres import Urls


async def test_a_warm_token_adds_no_statement(
    built: GraphQLSchema, databases: Databases, urls: Urls, acme: Estate, clock: HeldClock
) -> None:
    """What a point query sends is the same whether its caller shows a token, seen a moment ago, or is known."""
    token = await token_of(databases, clock, acme, Scope.DEVICES_READ, Scope.AREAS_READ, Scope.LOCATIONS_READ)
    ask = graphql(POINT, {"id": f"dev_{acme.device.id}"}, token)
    wire = Wire()
    with wire.heard():
        heard = Databases(Database(urls.app), Database(urls.platform), urls.owner)
        try:
            graph = Graph(built, heard.app, clock, Limits())
            assert await added_by_warm_token(graph, heard, clock, wire, ask) == 0
        finally:
            await heard.close()


async def test_forged_tokens_fetch_no_keys(clock: HeldClock) -> None:
    """A thousand of them, each with a key that the issuer does not have, in no time at all."""
    assert await fetches_of_forged(Published(), clock) == 0


async def test_verified_tokens_are_bounded(clock: HeldClock) -> None:
    """The ones used last are kept."""
    assert await kept_of_many(Published(), clock) == KEPT


async def test_a_token_of_an_issuer_is_verified_once() -> None:
    """When it comes again, next to nothing is called."""
    first, again = await calls_of_first_and_again(Published(), SystemClock())
    assert again * LESS <= first
