"""`Tenantry-Plan`: which way an operation goes, told beside its answer to whoever may know."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from auth.scopes import Scope
from models import PLATFORM_ID, AuditAction
from models.clock import Clock
from resolvers.tokens import create_token
from schema.graph import Graph
from tenantry.databases import Databases
from tests.auditing import recorded
from tests.changing import everything
from tests.estate import Estate
from tests.http import client_of, code, message

QUERY = "{ devices(first: 2) { nodes { id } } }"
Post = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def post(databases: Databases, graph: Graph, clock: Clock, acme: Estate) -> Post:
    """Send an operation as a token with these scopes, an operator's where it may see plans; `plan` is the header."""

    async def run(query: str, *scopes: Scope, plan: str | None = "explain", **variables: Any) -> httpx.Response:
        home = PLATFORM_ID if Scope.PLATFORM_PLANS_READ in scopes else acme.tenant.id
        made = await create_token(databases.app, clock, home, str(clock.new_id()), {Scope.DEVICES_READ, *scopes})
        token = made.secret.reveal()
        headers = {"X-Tenant-ID": acme.tenant.slug} | ({} if plan is None else {"Tenantry-Plan": plan})
        async with client_of(databases, graph, clock, token) as client:
            return await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)

    return run


async def test_a_plan_asks_for_its_scope(post: Post, databases: Databases, acme: Estate) -> None:
    """Whoever may read the devices may not know how PostgreSQL finds them; who tried is recorded."""
    response = await post(QUERY)
    assert (response.status_code, code(response)) == (403, "FORBIDDEN_SCOPE")
    assert message(response) == "The token lacks platform.plans.read: Tenantry-Plan asks for platform.plans.read."
    assert b"data" not in response.content
    [told] = await recorded(databases, acme.tenant.id, AuditAction.ACCESS_REFUSED)
    assert told.said["missing"] == [{"field": "Tenantry-Plan", "scopes": ["platform.plans.read"]}]


async def test_a_change_is_not_made_for_whoever_may_not_see_plans(
    post: Post, databases: Databases, acme: Estate
) -> None:
    """It is refused before anything runs."""
    before = await everything(databases, acme)
    query = "mutation ($in: UpdateDeviceInput!) { updateDevice(input: $in) { __typename } }"
    given = {"in": {"id": acme.ids["Device"], "name": "renamed"}}
    assert code(await post(query, Scope.DEVICES_WRITE, **given)) == "FORBIDDEN_SCOPE"
    assert await everything(databases, acme) == before


async def test_a_compiled_query_tells_its_statement_and_plan(post: Post) -> None:
    """Beside the same answer as without; the statement holds no value."""
    plain = (await post(QUERY, plan=None)).json()
    response = (await post(QUERY, Scope.PLATFORM_PLANS_READ)).json()
    assert response["data"] == plain["data"]
    plan = response["extensions"]["plan"]
    assert plan["compiled"] is True
    assert plan["statement"].startswith("SELECT")
    assert any("Scan" in line for line in plan["plan"])
    assert not any("actual time" in line for line in plan["plan"])
    assert "reason" not in plan


async def test_a_plan_can_be_of_a_run(post: Post) -> None:
    """The query is run once more, and each step's time is told."""
    response = await post(QUERY, Scope.PLATFORM_PLANS_READ, plan="analyze")
    assert any("actual time" in line for line in response.json()["extensions"]["plan"]["plan"])


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("{ me { name } devices { totalCount } }", "Query.me is computed in Python"),
        ("mutation { deleteDevice(input: {id: 1}) { __typename } }", "Mutation is not compiled: queries are"),
    ],
)
async def test_what_is_not_compiled_tells_why(post: Post, query: str, reason: str) -> None:
    """The place and the reason, beside the answer."""
    response = (await post(query, Scope.PLATFORM_PLANS_READ, Scope.DEVICES_WRITE)).json()
    assert response["data"]
    assert response["extensions"]["plan"] == {"compiled": False, "reason": reason}


async def test_nothing_is_told_unasked(post: Post) -> None:
    """Whoever may know has to ask."""
    assert [*(await post(QUERY, Scope.PLATFORM_PLANS_READ, plan=None)).json()] == ["data"]


@pytest.mark.parametrize("plan", ["", "yes", "explain, analyze"])
async def test_a_header_that_says_nothing_known_is_refused(post: Post, plan: str) -> None:
    """With what may be said."""
    response = await post(QUERY, Scope.PLATFORM_PLANS_READ, plan=plan)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    assert message(response) == "Send Tenantry-Plan once: explain or analyze."
