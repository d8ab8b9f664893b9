"""The first minute: `tenantry demo` on an empty home, and again on the same."""

import re
import signal
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests.serving import Serving, environment, run_command, started

pytestmark = pytest.mark.slow
COUNTS = "{ locations { totalCount } areas { totalCount } devices { totalCount } tenants { totalCount } }"


@pytest.fixture
def alone(tmp_path: Path) -> dict[str, str]:
    """An environment that names no database, with a home of its own."""
    return environment(None, TENANTRY_HOME=str(tmp_path))


def tokens_of(served: Serving) -> list[str]:
    """The three that it prints: operator, admin, dashboard."""
    return re.findall(r"^demo-\w+ .* (tnt_svc_\w+)$", "".join(served.lines), re.MULTILINE)


async def ask(served: Serving, token: str, query: str, **headers: str) -> Any:
    """What a caller with that token is answered."""
    async with httpx.AsyncClient(timeout=30) as client:
        response = await client.post(
            f"{served.base}/graphql",
            json={"query": query},
            headers={"authorization": f"Bearer {token}", **headers},
        )
    return response.json()


async def test_the_demonstration_keeps_its_estate_and_renews_its_tokens(alone: dict[str, str]) -> None:
    """Two starts on one home, each ended by Ctrl-C, which leaves nothing running."""
    async with started("demo", env=alone) as first:
        operator, admin, dashboard = tokens_of(first)
        pasted = re.search(r"-d '(.*)'", "".join(first.lines))
        assert pasted
        shown = await ask(first, admin, orjson.loads(pasted[1])["query"])
        seen = [await ask(first, token, COUNTS) for token in (admin, dashboard)]
        in_a_tenant = await ask(first, operator, COUNTS, **{"x-tenant-id": "kestrel"})
        first.process.send_signal(signal.SIGINT)
        assert await first.process.wait() == 130
    assert shown["data"]["locations"]["nodes"][0]["areas"]["nodes"][0]["devices"]["nodes"][0]["serial"]
    assert seen[0] == seen[1]
    assert seen[0]["data"]["locations"]["totalCount"] == 2
    assert in_a_tenant["data"]["locations"]["totalCount"] == 2

    async with started("demo", env=alone) as second:
        renewed = tokens_of(second)
        assert await ask(second, renewed[1], COUNTS) == seen[0]
        (refusal,) = (await ask(second, admin, COUNTS))["errors"]
        second.process.send_signal(signal.SIGTERM)
        assert await second.process.wait() == 0
    assert not set(renewed) & {operator, admin, dashboard}
    assert refusal["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_embedded_database_is_migrated_before_it_is_served_from(alone: dict[str, str]) -> None:
    """Without a setting `migrate` and `serve` find the same database."""
    code, _, said = await run_command("serve", "--port", "0", env=alone)
    assert code == 1
    assert "run `tenantry migrate`" in said
    code, _, _ = await run_command("migrate", env=alone)
    assert code == 0
    code, printed, _ = await run_command("doctor", env=alone)
    assert code == 0
    assert "ok    migrations up to" in printed
