"""Making and changing people, service accounts and roles: what is written, what is refused, what is recorded."""

import uuid
from typing import Any

import orjson
import pytest
from sqlalchemy import insert

from auth.roles import BY_KEY
from auth.scopes import Scope
from models import Role, RoleBinding
from models.ids import Prefix, encode
from resolvers.auditing.checking import check
from resolvers.writing.principals.bind import MOST_BINDINGS
from resolvers.writing.principals.nouns import MOST_ROLES
from tenantry.databases import Databases
from tests.ask import Ask
from tests.auditing import RECORDS, VALUES, rows_of
from tests.clock import HeldClock
from tests.estate import Estate
from tests.principal_changes import change, changed, listed
from tests.principals import everybody

ISSUER = "https://issuer.example"
BLANKS = "  "
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("createUser", {"name": BLANKS}, "name"),
    ("createUser", {"name": "n" * 201}, "name"),
    ("createUser", {"name": "a\0b"}, "name"),
    ("createUser", {"name": "x", "email": "nobody"}, "email"),
    ("createUser", {"name": "x", "email": "a@" + "b" * 319}, "email"),
    ("createUser", {"name": "x", "issuer": ISSUER}, "subject"),
    ("createUser", {"name": "x", "subject": "ada"}, "subject"),
    ("createUser", {"name": "x", "issuer": None, "subject": "ada"}, "subject"),
    ("createUser", {"name": "x", "issuer": ISSUER, "subject": ""}, "subject"),
    ("createUser", {"name": "x", "issuer": "", "subject": "ada"}, "issuer"),
    ("createUser", {"name": "x", "issuer": f" {ISSUER}", "subject": "ada"}, "issuer"),
    ("createUser", {"name": "x", "issuer": ISSUER, "subject": "ada "}, "subject"),
    ("createUser", {"name": "x", "issuer": ISSUER, "subject": "a" * 256}, "subject"),
    ("createUser", {"name": "x", "issuer": "i" * 2001, "subject": "ada"}, "issuer"),
    ("createServiceAccount", {"name": "x", "description": "d" * 1001}, "description"),
    ("createServiceAccount", {"name": "x", "issuer": ISSUER}, "subject"),
    ("createRole", {"name": "x", "scopes": []}, "scopes"),
    ("createRole", {"name": "x", "scopes": ["tenant.typo.read"]}, "scopes"),
    ("createRole", {"name": "x", "scopes": ["tenant.*"]}, "scopes"),
    ("createRole", {"name": "x", "scopes": ["tenant.devices.read"] * 101}, "scopes"),
    ("createRole", {"name": "x", "scopes": ["tenant.devices.read\0"]}, "scopes"),
]


@pytest.mark.parametrize(("field", "given", "path"), WRONG)
async def test_what_cannot_be_is_refused_with_the_field_that_is_wrong(
    *, ask: Ask, databases: Databases, acme: Estate, field: str, given: dict[str, Any], path: str
) -> None:
    """And nothing is made."""
    before = await everybody(databases, acme.tenant.id)
    answered = await change(ask, acme, field, **given)
    assert answered["__typename"] == "Invalid", answered
    assert [each["path"] for each in answered["fields"]] == [[path]]
    assert await everybody(databases, acme.tenant.id) == before


@pytest.mark.parametrize(
    ("noun", "given"), [("User", {"name": None}), ("ServiceAccount", {"name": ""}), ("Role", {"scopes": None})]
)
async def test_what_every_one_has_is_not_taken_away(ask: Ask, acme: Estate, noun: str, given: dict[str, Any]) -> None:
    """A name, a role's scopes."""
    made = await make(ask, acme, noun)
    answered = await change(ask, acme, f"update{noun}", id=made["id"], **given)
    assert answered["__typename"] == "Invalid", answered
    assert await listed(ask, acme, noun) == [made]


async def make(ask: Ask, estate: Estate, noun: str, name: str = "New", **given: Any) -> dict[str, Any]:
    """A new one."""
    given |= {"scopes": ["tenant.devices.read"]} if noun == "Role" else {}
    made = await changed(ask, estate, f"create{noun}", name=name, **given)
    return {key: value for key, value in made.items() if key != "__typename"}


@pytest.mark.parametrize("noun", ["User", "ServiceAccount", "Role"])
async def test_what_is_made_is_listed_and_recorded_with_its_values(
    ask: Ask, databases: Databases, acme: Estate, noun: str
) -> None:
    """At its first version, by who made it."""
    given: dict[str, Any] = {"description": "For doors."} if noun != "User" else {"email": "new@example.com"}
    made = await make(ask, acme, noun, **given)
    assert await listed(ask, acme, noun) == [made]
    assert (made["name"], made["version"]) == ("New", 1)
    [record] = await rows_of(databases, RECORDS, acme.tenant.id)
    kind = {"User": "user", "ServiceAccount": "service_account", "Role": "role"}[noun]
    assert (record["action"], record["target_type"], record["target_id"]) == (f"{kind}.created", noun, made["id"])
    values = {row["field"]: orjson.loads(row["after"]) for row in await rows_of(databases, VALUES, acme.tenant.id)}
    assert values == {"name": "New", **given, **({"scopes": ["tenant.devices.read"]} if noun == "Role" else {})}


@pytest.mark.parametrize("noun", ["User", "ServiceAccount", "Role"])
async def test_an_update_writes_what_it_names_and_counts_where_something_changed(
    ask: Ask, databases: Databases, acme: Estate, noun: str
) -> None:
    """Null clears; what is as it was already is neither a version nor a record."""
    field = "email" if noun == "User" else "description"
    made = await make(ask, acme, noun, **{field: "a@example.com"})
    its = {"id": made["id"]}
    renamed = await changed(ask, acme, f"update{noun}", **its, name="Newer", ifVersion=1)
    assert (renamed["name"], renamed[field], renamed["version"]) == ("Newer", "a@example.com", 2)
    assert await changed(ask, acme, f"update{noun}", **its, name="Newer") == renamed
    cleared = await changed(ask, acme, f"update{noun}", **its, **{field: None})
    assert (cleared["name"], cleared[field], cleared["version"]) == ("Newer", None, 3)
    stale = await change(ask, acme, f"update{noun}", **its, name="Old", ifVersion=2)
    assert (stale["__typename"], stale["currentVersion"]) == ("Conflict", 3)
    told = [row["action"].partition(".")[2] for row in await rows_of(databases, RECORDS, acme.tenant.id)]
    assert told == ["created", "updated", "updated"]
    assert (await check(databases.app, acme.tenant.id, [], {})).ok


async def test_no_update_says_who_somebody_is(ask: Ask, acme: Estate) -> None:
    """Whoever an issuer means by an account stays the same: the input has no field for it."""
    made = await make(ask, acme, "User", issuer=ISSUER, subject="ada")
    query = "mutation ($in: UpdateUserInput!) { updateUser(input: $in) { __typename } }"
    outcome = await ask(acme, query, *Scope, **{"in": {"id": made["id"], "subject": "eve"}})
    assert outcome.status == 400
    assert outcome.data is None


@pytest.mark.parametrize("noun", ["ServiceAccount", "Role"])
async def test_a_name_is_taken_once(ask: Ask, acme: Estate, globex: Estate, noun: str) -> None:
    """By programs and by roles; in another tenant it is free, and people may share one."""
    await make(ask, acme, noun)
    other = await make(ask, acme, noun, "Other")
    given = {"scopes": ["tenant.devices.read"]} if noun == "Role" else {}
    again = await change(ask, acme, f"create{noun}", name="New", **given)
    renamed = await change(ask, acme, f"update{noun}", id=other["id"], name="New")
    named = "service account" if noun == "ServiceAccount" else "role"
    assert again["message"] == renamed["message"] == f"The name is taken by another {named}."
    await make(ask, globex, noun)
    assert (await make(ask, acme, "User"))["name"] == (await make(ask, acme, "User"))["name"]


@pytest.mark.parametrize("noun", ["User", "ServiceAccount"])
async def test_to_disable_or_enable_twice_changes_nothing_more(
    ask: Ask, databases: Databases, acme: Estate, clock: HeldClock, noun: str
) -> None:
    """When it was first disabled is what is shown."""
    made = await make(ask, acme, noun)
    its = {"id": made["id"]}
    assert (await changed(ask, acme, f"enable{noun}", **its))["version"] == 1
    first = await changed(ask, acme, f"disable{noun}", **its)
    assert (first["disabledAt"], first["version"]) == ("2026-03-01T12:00:00.123Z", 2)
    assert await changed(ask, acme, f"disable{noun}", **its) == first
    stale = await change(ask, acme, f"enable{noun}", **its, ifVersion=1)
    assert (stale["__typename"], stale["currentVersion"]) == ("Conflict", 2)
    assert (await changed(ask, acme, f"enable{noun}", **its))["disabledAt"] is None
    told = [row["action"].partition(".")[2] for row in await rows_of(databases, RECORDS, acme.tenant.id)]
    assert told == ["created", "disabled", "enabled"]


async def test_a_role_that_every_tenant_has_is_nobodys_to_change(ask: Ask, acme: Estate) -> None:
    """Neither to be renamed nor to be deleted."""
    outcome = await ask(acme, "{ builtInRoles { id builtIn version } }", Scope.ROLES_READ)
    for role in outcome.data["builtInRoles"]:
        assert (role["builtIn"], role["version"]) == (True, None)
        assert (await change(ask, acme, "updateRole", id=role["id"], name="Mine"))["__typename"] == "NotFound"
        assert (await change(ask, acme, "deleteRole", id=role["id"]))["__typename"] == "NotFound"


async def test_a_tenant_has_so_many_roles(ask: Ask, databases: Databases, acme: Estate, clock: HeldClock) -> None:
    """They are listed whole where somebody chooses one."""
    await make(ask, acme, "Role")
    row = {"tenant_id": acme.tenant.id, "scopes": [], "created_at": clock.now(), "updated_at": clock.now()}
    async with databases.app.write(acme.tenant.id) as connection:
        rows = [{**row, "id": clock.new_id(), "name": f"n{at}"} for at in range(MOST_ROLES - 1)]
        await connection.execute(insert(Role), rows)
    answered = await change(ask, acme, "createRole", name="One more", scopes=["tenant.devices.read"])
    assert answered["__typename"] == "Conflict", answered
    assert str(MOST_ROLES) in answered["message"]


async def test_a_person_has_so_many_bindings(ask: Ask, databases: Databases, acme: Estate, clock: HeldClock) -> None:
    """Each is a condition more in whatever it reads; one of them deleted makes room for another."""
    made = await make(ask, acme, "User")
    its, row = uuid.UUID(made["id"].removeprefix("usr_")), {"tenant_id": acme.tenant.id, "created_at": clock.now()}
    async with databases.app.write(acme.tenant.id) as connection:
        rows = [{**row, "id": clock.new_id(), "user_id": its, "built_in": f"b{at}"} for at in range(MOST_BINDINGS)]
        await connection.execute(insert(RoleBinding), rows)
    one_more = {"role": encode(Prefix.ROLE, BY_KEY["viewer"].id), "principal": made["id"]}
    answered = await change(ask, acme, "createRoleBinding", **one_more)
    assert answered["__typename"] == "Conflict", answered
    assert str(MOST_BINDINGS) in answered["message"]
    await changed(ask, acme, "deleteRoleBinding", id=encode(Prefix.ROLE_BINDING, rows[0]["id"]))
    assert (await change(ask, acme, "createRoleBinding", **one_more))["__typename"] == "RoleBinding"
