"""Taking revision 0004 back, where a deleted tenant and a living one have the same slug."""

import uuid

from models import PLATFORM_ID
from models.migrate import migrate
from tests.postgres import create_database, run_as_superuser

MAKE = """INSERT INTO tenant (id, short_id, slug, name, status, parent_id, path, created_at, updated_at)
  VALUES ('{id}', '{id}', 'acme', 'Acme', '{status}', '{above}', ARRAY['{above}', '{id}']::uuid[], now(), now())"""


async def test_a_slug_that_two_tenants_have_had_is_no_obstacle(superuser_url: str) -> None:
    """Before 0004 a slug was unique among all: the deleted tenant gets one of its id."""
    name = f"tenantry_scratch_{uuid.uuid4().hex[:12]}"
    made = await create_database(superuser_url, name)
    await migrate(made.owner)
    for status in ("DELETED", "ACTIVE"):
        await run_as_superuser(made.superuser, MAKE.format(id=uuid.uuid4(), status=status, above=PLATFORM_ID))
    await migrate(made.owner, "base")
    await migrate(made.owner)
    await run_as_superuser(superuser_url, f"DROP DATABASE {name} WITH (FORCE)")
