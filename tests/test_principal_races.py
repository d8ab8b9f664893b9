"""Two changes at once of who may do what: the later one waits, and is answered as if the other had long been done."""

import asyncio
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from auth.scopes import Scope
from models import AuditHead
from models.ids import Prefix, encode
from tenantry.databases import Databases
from tests.ask import Ask
from tests.changing import EVERYTHING
from tests.changing import document as estate_document
from tests.clock import HeldClock
from tests.estate import Estate
from tests.interrupt import until
from tests.principal_changes import document
from tests.principals import Principals, everybody, make_principals
from tests.test_interleaving import is_waiting
from tests.tokens import CREATE, READ
from tests.tokens import document as token_document

BIND = "createRoleBinding"
Asked = tuple[str, dict[str, Any]]


@pytest.fixture
async def people(databases: Databases, clock: HeldClock, acme: Estate) -> Principals:
    """Acme's."""
    return await make_principals(databases, clock, acme.tenant.id, Scope.DEVICES_READ)


def operation(field: str) -> str:
    """The document of any of these mutations."""
    if field == CREATE:
        return token_document(field)
    return estate_document(field) if field == "deleteArea" else document(field)


async def one_after_the_other(
    ask: Ask, databases: Databases, estate: Estate, first: Asked, second: Asked
) -> tuple[Any, Any]:
    """What both are answered, where the second begins when the first has done everything but commit."""

    async def answered(field: str, given: dict[str, Any]) -> Any:
        return (await ask(estate, operation(field), *EVERYTHING, **{"in": given})).data[field]

    await answered("createUser", {"name": "The chain's head is made by its first record"})
    async with databases.app.write(estate.tenant.id) as connection:
        await connection.execute(select(AuditHead.number).with_for_update())
        one = asyncio.create_task(answered(*first))
        await until(partial(is_waiting, databases.app, how_many=1))
        two = asyncio.create_task(answered(*second))
        await until(partial(is_waiting, databases.app, how_many=2))
    return await one, await two


def names(estate: Estate, people: Principals) -> dict[str, Asked]:
    """The changes that may meet."""
    program = people.ids["ServiceAccount"]
    role = {"role": people.ids["Role"], "node": estate.ids["Area"]}
    return {
        "binds a person": (BIND, {**role, "principal": people.ids["User"]}),
        "binds a program": (BIND, {**role, "principal": program}),
        "makes a token": (CREATE, {"name": "new", "scopes": [READ], "owner": program}),
        "deletes the person": ("deleteUser", {"id": people.ids["User"]}),
        "deletes the program": ("deleteServiceAccount", {"id": program}),
        "disables the program": ("disableServiceAccount", {"id": program}),
        "deletes the room": ("deleteArea", {"id": estate.ids["Area"], "cascade": True}),
    }


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("deletes the person", "binds a person", "NotFound"),
        ("deletes the program", "binds a program", "NotFound"),
        ("deletes the program", "makes a token", "NotFound"),
        ("disables the program", "makes a token", "Conflict"),
        ("deletes the room", "binds a person", "NotFound"),
        ("binds a person", "binds a person", "Conflict"),
    ],
)
async def test_nothing_is_given_to_who_has_just_gone(
    *, ask: Ask, databases: Databases, acme: Estate, people: Principals, first: str, second: str, said: str
) -> None:
    """Neither a role nor a token; a role is bound once."""
    asked = names(acme, people)
    before = await everybody(databases, acme.tenant.id)
    _, answered = await one_after_the_other(ask, databases, acme, asked[first], asked[second])
    assert answered["__typename"] == said, answered
    after = await everybody(databases, acme.tenant.id)
    once = 1 if first == second else 0
    assert len(after["RoleBinding"]) <= len(before["RoleBinding"]) + once
    assert len(after["Token"]) == len(before["Token"])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("binds a person", "deletes the person"),
        ("binds a program", "deletes the program"),
        ("makes a token", "deletes the program"),
    ],
)
async def test_what_was_just_given_goes_with_who_has_it(
    *, ask: Ask, databases: Databases, acme: Estate, people: Principals, first: str, second: str
) -> None:
    """No binding stays, and no token that is good."""
    asked = names(acme, people)
    given, answered = await one_after_the_other(ask, databases, acme, asked[first], asked[second])
    assert given["__typename"] in {"RoleBinding", "IssuedToken"}
    assert answered["__typename"] == "Removal"
    column = "user_id" if second == "deletes the person" else "service_account_id"
    after = await everybody(databases, acme.tenant.id)
    assert [row for row in after["RoleBinding"] if row[column]] == []
    assert [row for row in after["Token"] if row[column] and row["revoked_at"] is None] == []


@pytest.mark.parametrize("deletes_first", [True, False])
async def test_a_role_is_deleted_or_bound_and_never_both(
    *, ask: Ask, databases: Databases, clock: HeldClock, acme: Estate, people: Principals, deletes_first: bool
) -> None:
    """Whichever came first."""
    role = (await ask(acme, document("createRole"), *EVERYTHING, **{"in": {"name": "new", "scopes": [READ]}})).data
    its = role["createRole"]["id"]
    deletes: Asked = ("deleteRole", {"id": its})
    binds: Asked = (BIND, {"role": its, "principal": people.ids["User"]})
    pair = (deletes, binds) if deletes_first else (binds, deletes)
    answers = await one_after_the_other(ask, databases, acme, *pair)
    said = [each["__typename"] for each in answers]
    assert said == (["Removal", "NotFound"] if deletes_first else ["RoleBinding", "NotEmpty"])
    after = await everybody(databases, acme.tenant.id)
    [row] = [row for row in after["Role"] if encode(Prefix.ROLE, row["id"]) == its]
    bound = [each for each in after["RoleBinding"] if each["role_id"] == row["id"]]
    assert (row["deleted_at"] is None) == (not deletes_first) == bool(bound)
