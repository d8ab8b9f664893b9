"""Deleting people, programs and roles: for good, with what hangs on them, and of a person nothing is left."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Text, cast, select

from auth.scopes import Scope
from models import Base
from models.ids import Prefix
from models.policies import is_tenant_data
from resolvers.auditing.checking import check
from schema.graph import Graph
from tenantry.databases import Databases
from tests.ask import Ask, caller_of
from tests.auditing import RECORDS, rows_of
from tests.changing import EVERYTHING
from tests.changing import document as estate_document
from tests.clock import HeldClock
from tests.estate import Estate
from tests.principal_changes import change, changed, listed
from tests.principals import Principals, everybody, make_principals, owned_by
from tests.tokens import ask_as

# Whatever tells who she was.
NAME, SECOND_NAME, EMAIL, ISSUER, SUBJECT = (
    "Zerlina Quux",
    "Zerlina Quox",
    "zq@example.com",
    "https://quux.example",
    "zq-1",
)
TOLD = (NAME, SECOND_NAME, EMAIL, ISSUER, SUBJECT)


@pytest.fixture
async def people(databases: Databases, clock: HeldClock, acme: Estate) -> Principals:
    """Acme's."""
    return await make_principals(databases, clock, acme.tenant.id, Scope.DEVICES_READ)


async def told_of(databases: Databases, estate: Estate, words: tuple[str, ...]) -> dict[str, set[str]]:
    """Which of these words stand anywhere in the tenant's rows, by the tables' names."""
    found: dict[str, set[str]] = {}
    async with databases.app.read(estate.tenant.id) as connection:
        for table in filter(is_tenant_data, Base.metadata.sorted_tables):
            row = cast(table.table_valued(), Text)
            rows = [str(text) for text in await connection.scalars(select(row).select_from(table))]
            found[table.name] = {word for word in words if any(word in text for text in rows)}
    return {name: words for name, words in found.items() if words}


async def test_of_a_deleted_person_nothing_is_left_but_an_id(
    ask: Ask, graph: Graph, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """Neither in the row nor in the audit, nor in what was kept for repeated requests, nor in the events it caused."""
    given = {"name": NAME, "email": EMAIL, "issuer": ISSUER, "subject": SUBJECT, "clientMutationId": "new"}
    made = await changed(ask, acme, "createUser", **given)
    her = {"id": made["id"]}
    await changed(ask, acme, "updateUser", **her, name=SECOND_NAME, clientMutationId="renamed")
    await changed(ask, acme, "disableUser", **her, clientMutationId="disabled")
    await changed(ask, acme, "enableUser", **her)
    [row] = (await everybody(databases, acme.tenant.id))["User"]
    zerlina = owned_by(
        caller_of(acme.tenant, clock, frozenset(EVERYTHING)),
        Prefix.USER,
        SimpleNamespace(**row),
        [{"scopes": EVERYTHING}],
    )
    place = {"place": {"locationId": acme.ids["Location"]}}
    area = {"code": "new", "name": "New", "kind": "ROOM", **place}
    outcome = await ask_as(graph, zerlina, estate_document("createArea"), **{"in": area})
    assert outcome.data["createArea"]["__typename"] == "Area"
    assert await told_of(databases, acme, TOLD) != {}

    assert await changed(ask, acme, "deleteUser", **her) == {"__typename": "Removal", **her}
    assert await told_of(databases, acme, TOLD) == {}
    assert await listed(ask, acme, "User") == []
    assert (await check(databases.app, acme.tenant.id, [], {})).ok


@pytest.mark.parametrize("noun", ["User", "ServiceAccount"])
async def test_what_hangs_on_an_account_goes_with_it(
    ask: Ask, databases: Databases, acme: Estate, people: Principals, noun: str
) -> None:
    """Its bindings are deleted and its tokens revoked, each with a record of its own; the other's stay."""
    column = "user_id" if noun == "User" else "service_account_id"
    before = await everybody(databases, acme.tenant.id)
    await changed(ask, acme, f"delete{noun}", id=people.ids[noun])
    after = await everybody(databases, acme.tenant.id)
    assert after["RoleBinding"] == [row for row in before["RoleBinding"] if row[column] is None]
    assert [row["revoked_at"] is None for row in after["Token"]] == [row[column] is None for row in before["Token"]]
    assert [row for row in after["Token"] if row[column] is None] == [
        row for row in before["Token"] if row[column] is None
    ]
    kind = "user" if noun == "User" else "service_account"
    told = [row["action"] for row in await rows_of(databases, RECORDS, acme.tenant.id)]
    assert sorted(told) == sorted(
        ["role_binding.deleted", "token.revoked", f"{kind}.deleted", *(["audit.erased"] if kind == "user" else [])]
    )
    other = await listed(ask, acme, "ServiceAccount" if noun == "User" else "User")
    assert len(other) == 1


@pytest.mark.parametrize("noun", ["User", "ServiceAccount", "Role"])
async def test_what_is_deleted_is_gone_and_its_name_and_identity_are_free(ask: Ask, acme: Estate, noun: str) -> None:
    """To be changed, bound, deleted once more it is one that never was."""
    given: dict[str, Any] = {"name": "Same"}
    given |= {"scopes": ["tenant.devices.read"]} if noun == "Role" else {"issuer": ISSUER, "subject": SUBJECT}
    first = await changed(ask, acme, f"create{noun}", **given)
    await changed(ask, acme, f"delete{noun}", id=first["id"])
    verbs = ["update", "delete"] if noun == "Role" else ["update", "disable", "enable", "delete"]
    for verb in verbs:
        asked = {"id": first["id"], **({"name": "Other"} if verb == "update" else {})}
        assert (await change(ask, acme, f"{verb}{noun}", **asked))["__typename"] == "NotFound"
    second = await changed(ask, acme, f"create{noun}", **given)
    person = second if noun == "User" else await changed(ask, acme, "createUser", name="Somebody")
    role = (
        second if noun == "Role" else await changed(ask, acme, "createRole", name="Any", scopes=["tenant.devices.read"])
    )
    gone = {"role": {"role": first["id"]}, "principal": {"principal": first["id"]}}
    asked = {"role": role["id"], "principal": person["id"], **gone["role" if noun == "Role" else "principal"]}
    assert (await change(ask, acme, "createRoleBinding", **asked))["__typename"] == "NotFound"


async def test_a_repeated_request_shows_nothing_of_a_person_who_was_deleted(ask: Ask, acme: Estate) -> None:
    """The first answer is told again without what it said of the person, and nobody is made anew."""
    given = {"name": NAME, "email": EMAIL, "issuer": ISSUER, "subject": SUBJECT, "clientMutationId": "new"}
    made = await changed(ask, acme, "createUser", **given)
    await changed(ask, acme, "deleteUser", id=made["id"])
    again = await changed(ask, acme, "createUser", **given)
    assert again["id"] == made["id"]
    assert [again[name] for name in ("name", "email", "issuer", "subject")] == ["", None, None, None]
    assert await listed(ask, acme, "User") == []


@pytest.mark.parametrize("noun", ["User", "ServiceAccount", "Role"])
async def test_a_stale_version_deletes_nothing(ask: Ask, acme: Estate, noun: str) -> None:
    """It is told the version that the thing is at."""
    given = {"scopes": ["tenant.devices.read"]} if noun == "Role" else {}
    made = await changed(ask, acme, f"create{noun}", name="New", **given)
    answered = await change(ask, acme, f"delete{noun}", id=made["id"], ifVersion=2)
    assert (answered["__typename"], answered["currentVersion"]) == ("Conflict", 1)
    assert [each["id"] for each in await listed(ask, acme, noun)] == [made["id"]]
