"""What ARCHITECTURE.md tells of a field's way to its bytes is so."""

import re
from pathlib import Path

import pytest
from graphql import GraphQLSchema
from sqlalchemy import update

from auth.limits import Limits
from auth.scopes import Scope
from models import Device
from schema.graph import Graph
from schema.operation import OperationRequest
from tenantry.databases import Databases
from tests.ask import caller_of
from tests.clock import START, HeldClock
from tests.estate import Estate, add

ROOT = Path(__file__).parent.parent
_, _, REST = (ROOT / "ARCHITECTURE.md").read_text().partition("## How a field becomes bytes\n")
WALK = REST.partition("\n## ")[0]
SCOPES = frozenset({Scope.LOCATIONS_READ, Scope.DEVICES_READ})


def told(language: str) -> list[str]:
    """The lines of the walk's block in this language."""
    [block] = re.findall(rf"```{language}\n(.*?)\n\s*```", WALK, re.DOTALL)
    return [line.strip() for line in block.splitlines()]


@pytest.fixture
def graph(built: GraphQLSchema, databases: Databases, clock: HeldClock) -> Graph:
    """The graph as it is."""
    return Graph(built, databases.app, clock, Limits())


@pytest.fixture
def request_() -> OperationRequest:
    """What the walk asks for."""
    [query] = re.findall(r"asked for in `(\{.*\})`", WALK)
    return OperationRequest(query)


def test_it_leads_through_four_files_that_say_what_it_says() -> None:
    """A line that is quoted of one stands in it."""
    files = re.findall(r"^[1-4]\. \*\*`([a-z_/]+\.py)`\*\*", WALK, re.MULTILINE)
    assert files == ["schema/device.py", "loaders/edges.py", "loaders/tree/writer.py", "schema/graph.py"]
    for file, quoted in zip(files, [r"`(last_seen_at: .*?)`", r"`(_many\(.*?\))`"], strict=False):
        [line] = re.findall(quoted, WALK)
        assert line in (ROOT / file).read_text()


async def test_its_statement_is_the_one_that_is_made(
    graph: Graph, request_: OperationRequest, clock: HeldClock, acme: Estate
) -> None:
    """Every line that is shown of it."""
    made = graph.compiled(request_, caller_of(acme.tenant, clock, SCOPES)).statement.text
    lines = told("sql")
    assert len(lines) > 2
    assert [line for line in lines if line not in made] == []


async def test_its_bytes_are_those_that_leave(
    *, graph: Graph, request_: OperationRequest, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """Of a device that was heard of, and one that never was."""
    place = {"location_id": acme.location.id, "type_id": acme.device_type.id}
    await add(databases, clock, Device, acme.tenant.id, serial="silent", name="Silent", **place)
    heard = update(Device).where(Device.tenant_id == acme.tenant.id, Device.id == acme.device.id)
    async with databases.app.write(acme.tenant.id) as connection:
        await connection.execute(heard.values(last_seen_at=START))
    answer = await graph.run(request_, caller_of(acme.tenant, clock, SCOPES), "r")
    assert [answer.body.decode()] == told("json")
