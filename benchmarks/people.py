"""Who may do what in a counted estate, and their tokens.

The first person and the first program are hubs, which all roles are bound to; so are those in the second half of the
list, of which each is deleted once. The last roles are those of nobody: a tenant may have 200.
"""

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from loaders.entities import ROLE, ROLE_BINDING, SERVICE_ACCOUNT, TOKEN, USER

Row = dict[str, Any]
# The one that the caller showed, last in its list.
OWN_TOKEN = uuid.UUID(int=1)
# Roles that nobody has.
UNBOUND = 10
READS = ["tenant.devices.read"]


def people(row: Callable[..., Row], size: int, organization_id: uuid.UUID) -> dict[str, list[Row]]:
    """Rows by the names of their types; `row` makes one of what is given."""
    twice = range(2 * size)
    users = [row(name=f"Some person {each}", issuer="https://issuer.example", subject=f"s{each}") for each in twice]
    programs = [row(name=f"Some program {each}") for each in twice]
    roles = [row(name=f"Some role {each}", scopes=READS) for each in range(size + UNBOUND)]
    bindings = [
        _binding(row, role, **owner)
        for owner in _owners(users, programs, size)
        for role in (roles[:size] if owner.pop("all") else roles[:1])
    ]
    return {
        USER.name: users,
        SERVICE_ACCOUNT.name: programs,
        ROLE.name: roles,
        ROLE_BINDING.name: bindings,
        TOKEN.name: _tokens(row, size, organization_id, users, programs),
    }


def _owners(users: list[Row], programs: list[Row], size: int) -> list[Row]:
    """The columns that name each, and whether it has all the roles."""
    return [
        {"user_id": None, "service_account_id": None, column: owner["id"], "all": at == 0 or at >= size}
        for column, owners in (("user_id", users), ("service_account_id", programs))
        for at, owner in enumerate(owners)
    ]


def _binding(row: Callable[..., Row], role: Row, **owner: Any) -> Row:
    made = row(role_id=role["id"], **owner)
    return {name: value for name, value in made.items() if name != "updated_at"}


def _tokens(
    row: Callable[..., Row], size: int, organization_id: uuid.UUID, users: list[Row], programs: list[Row]
) -> list[Row]:
    """The hubs' in turn, and as many of each who is deleted; one that the caller showed, which nobody owns."""
    token = partial(row, scopes=READS, expires_at=row()["created_at"] + timedelta(days=1))
    nobodys: Row = {"organization_id": organization_id, "user_id": None, "service_account_id": None}
    hubs = ({"service_account_id": programs[0]["id"]}, {"user_id": users[0]["id"]})
    first = [token(name=f"Some token {each}", **{**nobodys, **hubs[each % 2]}) for each in range(2 * size)]
    going = [{"user_id": each["id"]} for each in users[size:]]
    going += [{"service_account_id": each["id"]} for each in programs[size:]]
    more = [
        token(name=f"Some token {at}-{each}", **{**nobodys, **owner})
        for at, owner in enumerate(going)
        for each in range(size)
    ]
    own = {**token(name="The caller's own", **{**nobodys, "organization_id": None}), "id": OWN_TOKEN}
    return [*first, *more, own]
