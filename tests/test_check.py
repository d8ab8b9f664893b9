"""What a server looks at before it starts: each finding can fail, and says how to mend it."""

import uuid
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import make_url

from models.database import Database
from models.database_role import DatabaseRole
from models.migrate import migrate, newest_revision
from tenantry.catalog import RoleFound
from tenantry.check import (
    Finding,
    Unfit,
    check_database,
    check_login,
    check_migrations,
    check_owner,
    refuse_unfit,
)
from tenantry.databases import Databases
from tests.postgres import Urls, create_database, run_as_superuser


@pytest.fixture
async def scratch(superuser_url: str) -> AsyncIterator[Urls]:
    """A migrated database that a test may spoil."""
    name = f"tenantry_check_{uuid.uuid4().hex[:12]}"
    made = await create_database(superuser_url, name)
    await migrate(made.owner)
    yield made
    await run_as_superuser(superuser_url, f"DROP DATABASE {name} WITH (FORCE)")


async def findings(app: str, platform: str) -> list[Finding]:
    """What is found on these addresses."""
    opened = Databases(Database(app, pool_size=1), Database(platform, pool_size=1), None)
    try:
        return await check_database(opened)
    finally:
        await opened.close()


async def faults(scratch: Urls) -> list[str]:
    """What is wrong, in words."""
    return [fault for finding in await findings(scratch.app, scratch.platform) for fault in finding.faults]


async def test_a_migrated_database_is_fit(databases: Databases) -> None:
    """The declarations and PostgreSQL agree, in the words of the version that runs."""
    assert [str(finding) for finding in await check_database(databases) if not finding.ok] == []
    await refuse_unfit(databases)


async def test_an_empty_database_is_told_to_be_migrated(superuser_url: str) -> None:
    """Nothing else is complained of, since all of it follows from that."""
    name = f"tenantry_check_{uuid.uuid4().hex[:12]}"
    made = await create_database(superuser_url, name)
    assert await faults(made) == [f"the database is empty, not at {newest_revision()}: run `tenantry migrate`"]
    await run_as_superuser(superuser_url, f"DROP DATABASE {name} WITH (FORCE)")


async def test_an_older_revision_is_told_to_be_migrated(scratch: Urls) -> None:
    """A server does not run on tables that it does not know."""
    await run_as_superuser(scratch.superuser, "UPDATE alembic_version SET version_num = '0001'")
    assert await faults(scratch) == [f"the database is at 0001, not at {newest_revision()}: run `tenantry migrate`"]
    app = Database(scratch.app, pool_size=1)
    assert not (await check_migrations(app)).ok
    await app.close()


SPOILT = {
    "row-level security switched off": (
        "ALTER TABLE device DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE device ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    ),
    "row-level security not forced on the owner": (
        "ALTER TABLE area NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE area ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    ),
    "a policy more": ("CREATE POLICY hole ON device FOR SELECT USING (true)", "DROP POLICY hole ON device"),
    "a privilege more": (
        "GRANT TRUNCATE ON device TO tenantry_app",
        "REVOKE TRUNCATE ON TABLE device FROM tenantry_app",
    ),
    "a privilege on a column": (
        "GRANT SELECT (hash) ON credential TO tenantry_app",
        "REVOKE SELECT (hash) ON TABLE credential FROM tenantry_app",
    ),
    "a privilege missing": (
        "REVOKE UPDATE ON device FROM tenantry_app",
        "GRANT UPDATE ON TABLE device TO tenantry_app",
    ),
    "a table for everybody": ("GRANT SELECT ON device TO PUBLIC", "REVOKE SELECT ON TABLE device FROM PUBLIC"),
    "a schema for everybody": ("GRANT CREATE ON SCHEMA public TO PUBLIC", "REVOKE CREATE ON SCHEMA public FROM PUBLIC"),
}


@pytest.mark.parametrize(("spoil", "fix"), SPOILT.values(), ids=SPOILT)
async def test_a_hole_made_by_hand_is_found_and_its_fix_works(scratch: Urls, spoil: str, fix: str) -> None:
    """The fault ends with the SQL that mends it."""
    await run_as_superuser(scratch.superuser, spoil)
    found = await faults(scratch)
    assert len(found) == 1
    assert found[0].endswith(f": {fix}")
    await run_as_superuser(scratch.superuser, fix)
    assert await faults(scratch) == []


async def test_a_policy_with_another_meaning_is_replaced(scratch: Urls) -> None:
    """An expression that differs is a policy too many and one too few; both fixes in order mend it."""
    await run_as_superuser(scratch.superuser, "ALTER POLICY tenant_isolation ON device USING (true)")
    found = await faults(scratch)
    assert len(found) == 2
    await run_as_superuser(scratch.superuser, *(fault.partition(": ")[2] for fault in found))
    assert await faults(scratch) == []


async def test_a_function_that_runs_as_its_owner_is_found(scratch: Urls) -> None:
    """A SECURITY DEFINER function sees what its maker sees, whoever calls it."""
    await run_as_superuser(
        scratch.superuser, "CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER RETURN 1"
    )
    assert await faults(scratch) == ["PUBLIC holds a privilege: REVOKE EXECUTE ON FUNCTION peek() FROM PUBLIC"]


async def test_a_view_over_tenant_data_is_found(scratch: Urls) -> None:
    """A view shows what its owner may see, so none is granted unawares."""
    await run_as_superuser(
        scratch.superuser, "CREATE VIEW everything AS TABLE device", "GRANT SELECT ON everything TO tenantry_app"
    )
    assert await faults(scratch) == [
        "a privilege that is not declared: REVOKE SELECT ON TABLE everything FROM tenantry_app"
    ]


async def test_a_superuser_is_refused_as_the_application(scratch: Urls) -> None:
    """No policy binds a superuser."""
    found = [fault for each in await findings(scratch.superuser, scratch.platform) for fault in each.faults]
    assert found[0].startswith("DATABASE_URL logs in as a superuser")


async def test_the_owner_is_refused_as_the_application(scratch: Urls) -> None:
    """Who owns a table may switch its security off."""
    found = " ".join(fault for each in await findings(scratch.owner, scratch.platform) for fault in each.faults)
    assert "DATABASE_URL can act as tenantry_owner, which owns" in found
    assert "DATABASE_URL does not log in as tenantry_app" in found


async def test_a_login_that_is_a_member_of_our_role_is_taken(superuser_url: str, scratch: Urls) -> None:
    """Administrators make logins of their own and rotate them."""
    login = f"tenantry_login_{uuid.uuid4().hex[:8]}"
    await run_as_superuser(superuser_url, f"CREATE ROLE {login} LOGIN IN ROLE {DatabaseRole.APP}")
    member = make_url(scratch.app).set(username=login).render_as_string(hide_password=False)
    assert [str(each) for each in await findings(member, scratch.platform) if not each.ok] == []
    await run_as_superuser(superuser_url, f"DROP ROLE {login}")


def test_a_login_that_may_act_as_two_of_our_roles_is_refused() -> None:
    """The policies of both would hold for it at once."""
    both = [
        RoleFound(role, superuser=False, bypasses=False, relations_owned=0)
        for role in (DatabaseRole.APP, DatabaseRole.PLATFORM)
    ]
    assert check_login("DATABASE_URL", DatabaseRole.APP, both).faults == (
        "DATABASE_URL can act as tenantry_platform: REVOKE it, the three roles stay apart",
    )


def test_a_role_that_bypasses_row_level_security_is_refused() -> None:
    """Directly, or by a membership."""
    roles = [
        RoleFound("loader", superuser=False, bypasses=True, relations_owned=0),
        RoleFound(DatabaseRole.APP, superuser=False, bypasses=False, relations_owned=0),
    ]
    assert check_login("DATABASE_URL", DatabaseRole.APP, roles).faults == (
        "DATABASE_URL can act as loader, which bypasses row-level security: ALTER ROLE loader NOBYPASSRLS",
    )


@pytest.mark.parametrize(("name", "superuser"), [("postgres", True), (DatabaseRole.APP, False)])
def test_only_the_owner_may_migrate(name: str, superuser: bool) -> None:  # noqa: FBT001
    """What anybody else makes would belong to the wrong role."""
    assert not check_owner([RoleFound(name, superuser=superuser, bypasses=False, relations_owned=0)]).ok


async def test_a_server_does_not_start_on_an_unfit_database(scratch: Urls) -> None:
    """The refusal carries the fix."""
    await run_as_superuser(scratch.superuser, "ALTER TABLE device NO FORCE ROW LEVEL SECURITY")
    opened = Databases(Database(scratch.app, pool_size=1), Database(scratch.platform, pool_size=1), None)
    with pytest.raises(Unfit, match="FORCE ROW LEVEL SECURITY"):
        await refuse_unfit(opened)
    await opened.close()
