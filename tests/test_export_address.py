"""An export as a file, over HTTP: who may have it, what it holds, and how bad requests are told."""

from collections.abc import AsyncIterator

import httpx
import orjson
import pytest

from auth.scopes import Scope
from models.clock import Clock
from schema.graph import Graph
from tenantry.databases import Databases
from tests.ask import Ask, caller_of
from tests.changing import EVERYTHING, create_device
from tests.estate import Estate
from tests.following import HeldStanding, following
from tests.http import client_of, code, token_of

READS = [scope for scope in EVERYTHING if scope.endswith(".read")]
ADDRESS = "/export/devices"


@pytest.fixture
async def client(databases: Databases, graph: Graph, clock: Clock, acme: Estate) -> AsyncIterator[httpx.AsyncClient]:
    """A client that may read all of acme's."""
    token = await token_of(databases, clock, acme, *READS)
    async with client_of(databases, graph, clock, token) as opened:
        yield opened


async def test_without_a_token_there_is_no_file(databases: Databases, graph: Graph, clock: Clock) -> None:
    """401, as JSON, and the challenge."""
    async with client_of(databases, graph, clock, None) as stranger:
        response = await stranger.get(ADDRESS)
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_what_things_are_called_asks_for_the_scopes_that_read_them(
    databases: Databases, graph: Graph, clock: Clock, acme: Estate
) -> None:
    """Devices alone are not enough: a line tells the code of its location too."""
    token = await token_of(databases, clock, acme, Scope.DEVICES_READ)
    async with client_of(databases, graph, clock, token) as narrow:
        response = await narrow.get(ADDRESS)
    assert (response.status_code, code(response)) == (403, "FORBIDDEN_SCOPE")
    assert "tenant.locations.read" in response.headers["www-authenticate"]


async def test_a_neighbours_devices_are_in_no_file(client: httpx.AsyncClient, acme: Estate, globex: Estate) -> None:
    """Not even by a filter that names one."""
    response = await client.get(ADDRESS)
    assert [orjson.loads(line)["id"] for line in response.text.splitlines()] == [acme.ids["Device"]]
    wanted = orjson.dumps({"id": {"eq": globex.ids["Device"]}}).decode()
    assert (await client.get(ADDRESS, params={"filter": wanted})).text == ""


async def test_lines_are_json_with_names_as_in_the_graph(client: httpx.AsyncClient, acme: Estate) -> None:
    """A device a line, and what things are called that it refers to."""
    response = await client.get(ADDRESS)
    (line,) = map(orjson.loads, response.text.splitlines())
    assert (line["serial"], line["locationId"], line["status"]) == ("R-0001", acme.ids["Location"], "ONLINE")
    assert response.headers["content-type"] == "application/x-ndjson"
    assert response.headers["content-disposition"] == 'attachment; filename="devices.ndjson"'


async def test_a_csv_has_a_heading_and_what_fits(client: httpx.AsyncClient, ask: Ask, acme: Estate) -> None:
    """Filter and search are those of the list."""
    await create_device(ask, acme, "X-1")
    wanted = {"format": "csv", "filter": '{"serial":{"startsWith":"X"}}', "search": "x-"}
    response = await client.get(ADDRESS, params=wanted)
    heading, line = response.text.splitlines()
    assert heading.startswith("id,serial,name,")
    assert ",X-1,X-1," in line
    assert response.headers["content-type"].startswith("text/csv; charset=utf-8")


@pytest.mark.parametrize(
    "query",
    [
        "format=xml",
        "format=csv&format=csv",
        "colour=red",
        "filter=nonsense",
        "filter=[]",
        'filter={"colour":{"eq":"red"}}',
        'filter={"status":{"eq":"ASLEEP"}}',
        'filter={"serial":{"eq":"\\u0000"}}',
    ],
)
async def test_a_bad_parameter_is_told(client: httpx.AsyncClient, query: str) -> None:
    """400, and which of them."""
    response = await client.get(f"{ADDRESS}?{query}")
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")


async def test_a_file_is_only_read(client: httpx.AsyncClient) -> None:
    """There is nothing to post."""
    assert (await client.post(ADDRESS)).status_code == 405


async def test_the_graph_gives_the_same_in_chunks(
    client: httpx.AsyncClient, graph: Graph, acme: Estate, clock: Clock
) -> None:
    """The file is the chunks, one after the other."""
    query = "subscription { exportDevices { text rows } }"
    async with following(graph, HeldStanding(caller_of(acme.tenant, clock, frozenset(READS))), query) as reader:
        chunk = (await reader.response())["data"]["exportDevices"]
        with pytest.raises(StopAsyncIteration):
            await reader.response()
    assert chunk == {"text": (await client.get(ADDRESS)).text, "rows": 1}
