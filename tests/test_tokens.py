"""Making, listing and revoking tokens."""

import hashlib
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from auth.scopes import Scope
from auth.token import is_well_formed, mint
from models import PLATFORM_ID, Credential, TenantStatus
from resolvers.problems import Conflict, Invalid, NotFound, Problem
from resolvers.tokens import create_token, list_tokens, revoke_presented, revoke_token
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.estate import Estate, make_tenant
from tests.sql import statements

READ = [Scope.DEVICES_READ]


async def credentials(databases: Databases, tenant_id: uuid.UUID) -> int:
    """How many secrets find a token of this tenant."""
    counted = select(func.count()).select_from(Credential).where(Credential.tenant_id == tenant_id)
    async with databases.platform.read(None) as connection:
        return (await connection.execute(counted)).scalar_one()


@pytest.mark.parametrize(
    ("argument", "change"),
    [
        ("name", {"name": ""}),
        ("name", {"name": " \t"}),
        ("name", {"name": " dashboard"}),
        ("name", {"name": "n" * 201}),
        ("name", {"name": "line\nline"}),
        ("name", {"name": "nul\x00"}),
        ("name", {"name": "half \ud800"}),
        ("scopes", {"scopes": []}),
        ("scopes", {"scopes": [Scope.DEVICES_READ, Scope.PLATFORM_TENANTS_READ]}),
        ("expiresIn", {"expires_in": timedelta()}),
        ("expiresIn", {"expires_in": timedelta(seconds=-1)}),
        ("expiresIn", {"expires_in": timedelta(seconds=0.999)}),
        ("expiresIn", {"expires_in": timedelta(days=365, seconds=1)}),
    ],
)
async def test_a_token_that_must_not_be_is_not_made(
    databases: Databases, clock: HeldClock, acme: Estate, argument: str, change: dict[str, object]
) -> None:
    """Nameless, scopeless, with an operator's scope, endless: the problem names the argument, nothing is asked."""
    arguments = {"name": "dashboard", "scopes": READ} | change
    with statements() as sent, pytest.raises(Problem) as problem:
        await create_token(databases.app, clock, acme.tenant.id, **arguments)  # type: ignore[arg-type]
    assert isinstance(problem.value.noun, Invalid)
    assert problem.value.noun.field == argument
    assert sent == []


async def test_a_token_is_not_made_in_a_tenant_that_is_not_there(databases: Databases, clock: HeldClock) -> None:
    """Unknown and deleted tenants have no tokens."""
    deleted = await make_tenant(databases, clock, "deleted", status=TenantStatus.DELETED)
    for tenant_id in (clock.new_id(), deleted.id):
        with pytest.raises(Problem) as problem:
            await create_token(databases.app, clock, tenant_id, "dashboard", READ)
        assert isinstance(problem.value.noun, NotFound)


async def test_a_name_is_taken_once(databases: Databases, clock: HeldClock, acme: Estate, globex: Estate) -> None:
    """A second token of that name is a conflict that leaves nothing; a neighbour's names are its own affair."""
    await create_token(databases.app, clock, acme.tenant.id, "dashboard", READ)
    await create_token(databases.app, clock, globex.tenant.id, "dashboard", READ)
    with pytest.raises(Problem) as problem:
        await create_token(databases.app, clock, acme.tenant.id, "dashboard", READ)
    assert problem.value.noun == Conflict(
        "There is a token named 'dashboard' already: revoke it first, or take another name."
    )
    assert len(await list_tokens(databases.app, acme.tenant.id)) == 1
    assert await credentials(databases, acme.tenant.id) == 1


async def test_a_neighbours_token_cannot_be_revoked_by_name(
    databases: Databases, clock: HeldClock, acme: Estate, globex: Estate
) -> None:
    """A name means the tenant's own token, or none."""
    await create_token(databases.app, clock, acme.tenant.id, "dashboard", READ)
    with pytest.raises(Problem) as problem:
        await revoke_token(databases.app, clock, globex.tenant.id, "dashboard")
    assert isinstance(problem.value.noun, NotFound)
    assert len(await list_tokens(databases.app, acme.tenant.id)) == 1


async def test_garbage_is_not_revoked(databases: Databases, clock: HeldClock) -> None:
    """A mistyped token is told as such without a question to the database."""
    with statements() as sent, pytest.raises(Problem) as problem:
        await revoke_presented(databases.app, databases.platform, clock, mint().reveal()[:-1])
    assert isinstance(problem.value.noun, Invalid)
    assert sent == []


async def test_an_unknown_token_is_not_revoked(databases: Databases, clock: HeldClock) -> None:
    """A well-formed token that nobody made is not found."""
    with pytest.raises(Problem) as problem:
        await revoke_presented(databases.app, databases.platform, clock, mint().reveal())
    assert isinstance(problem.value.noun, NotFound)


async def test_a_token_is_not_revoked_twice(databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """The second time says so, by name and by text, and the first revocation's time stays."""
    made = await create_token(databases.app, clock, acme.tenant.id, "dashboard", READ)
    await revoke_token(databases.app, clock, acme.tenant.id, "dashboard")
    with pytest.raises(Problem, match="not revoked already"):
        await revoke_token(databases.app, clock, acme.tenant.id, "dashboard")
    with pytest.raises(Problem, match="revoked already"):
        await revoke_presented(databases.app, databases.platform, clock, made.secret.reveal())


async def test_a_token_is_made_with_what_was_asked_for(databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """Its row tells the name, the scopes once each, and an end 90 days away."""
    scopes = [Scope.DEVICES_READ, Scope.AREAS_READ, Scope.DEVICES_READ]
    made = await create_token(databases.app, clock, acme.tenant.id, "dashboard", scopes)
    assert is_well_formed(made.secret.reveal())
    assert made.secret.reveal().startswith("tnt_svc_")
    assert made.row["name"] == "dashboard"
    assert made.row["scopes"] == ["tenant.areas.read", "tenant.devices.read"]
    assert made.row["expires_at"] == clock.now() + timedelta(days=90)
    assert (made.row["revoked_at"], made.row["version"]) == (None, 1)


@pytest.mark.parametrize("expires_in", [timedelta(seconds=1), timedelta(days=365)])
async def test_a_token_lives_a_second_or_a_year(
    databases: Databases, clock: HeldClock, acme: Estate, expires_in: timedelta
) -> None:
    """Both ends of what is allowed are allowed."""
    made = await create_token(databases.app, clock, acme.tenant.id, "dashboard", READ, expires_in=expires_in)
    assert made.row["expires_at"] == clock.now() + expires_in


async def test_an_operators_token_can_hold_platform_scopes(databases: Databases, clock: HeldClock) -> None:
    """The platform's own tenant is where they belong."""
    name = f"ops {clock.new_id()}"
    made = await create_token(databases.app, clock, PLATFORM_ID, name, [Scope.PLATFORM_TENANTS_READ])
    assert made.row["scopes"] == ["platform.tenants.read"]


async def test_the_database_keeps_no_usable_token(databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """What a thief of the database finds is the SHA-256 and nothing of the secret."""
    made = await create_token(databases.app, clock, acme.tenant.id, "dashboard", READ)
    secret = made.secret.reveal()
    async with databases.platform.read(None) as connection:
        rows = await connection.execute(
            text(
                "SELECT token::text, credential::text, hash FROM token "
                "JOIN credential ON token_id = token.id WHERE token.tenant_id = :tenant"
            ),
            {"tenant": acme.tenant.id},
        )
        token, credential, stored = rows.one()
    assert secret[8:20] not in token + credential
    assert stored == hashlib.sha256(secret.encode()).digest()


async def test_a_token_is_made_in_four_statements(databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """The tenant is seen, the token written, the hash that finds it, and its record, in one transaction."""
    await create_token(databases.app, clock, acme.tenant.id, "first", READ)
    with statements() as sent:
        await create_token(databases.app, clock, acme.tenant.id, "dashboard", READ)
    assert [statement.split()[0] for statement in sent] == ["SELECT", "INSERT", "INSERT", "WITH"]


async def test_a_revoked_tokens_name_is_free_again(databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """A token is replaced by one of the same name; both rows stay, one is listed."""
    old = await create_token(databases.app, clock, acme.tenant.id, "dashboard", READ)
    clock.advance(timedelta(hours=1))
    revoked = await revoke_token(databases.app, clock, acme.tenant.id, "dashboard")
    assert (revoked["id"], revoked["revoked_at"], revoked["version"]) == (old.row["id"], clock.now(), 2)
    new = await create_token(databases.app, clock, acme.tenant.id, "dashboard", READ)
    assert [row["id"] for row in await list_tokens(databases.app, acme.tenant.id)] == [new.row["id"]]


async def test_a_leaked_token_is_revoked_by_its_text(databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """Whoever finds it need not know whose it is."""
    made = await create_token(databases.app, clock, acme.tenant.id, "dashboard", READ)
    revoked = await revoke_presented(databases.app, databases.platform, clock, made.secret.reveal())
    assert revoked["id"] == made.row["id"]
    assert await list_tokens(databases.app, acme.tenant.id) == []


async def test_tokens_are_listed_by_name_and_only_the_tenants(
    databases: Databases, clock: HeldClock, acme: Estate, globex: Estate
) -> None:
    """Expired ones are listed, a neighbour's and revoked ones are not."""
    for name in ("wall", "dashboard", "old"):
        await create_token(databases.app, clock, acme.tenant.id, name, READ)
    await create_token(databases.app, clock, globex.tenant.id, "neighbour", READ)
    await revoke_token(databases.app, clock, acme.tenant.id, "old")
    clock.advance(timedelta(days=100))
    listed = await list_tokens(databases.app, acme.tenant.id)
    assert [row["name"] for row in listed] == ["dashboard", "wall"]
