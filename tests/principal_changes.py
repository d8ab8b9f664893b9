"""Changing who may do what through the graph: what is asked for, and by whom."""

from typing import Any

from auth.scopes import Scope
from tests.ask import Ask
from tests.changing import EVERYTHING, parts
from tests.estate import Estate

READ = {
    "User": Scope.USERS_READ,
    "ServiceAccount": Scope.SERVICE_ACCOUNTS_READ,
    "Role": Scope.ROLES_READ,
    "RoleBinding": Scope.ROLES_READ,
}
WRITE = {
    "User": Scope.USERS_WRITE,
    "ServiceAccount": Scope.SERVICE_ACCOUNTS_WRITE,
    "Role": Scope.ROLES_WRITE,
    "RoleBinding": Scope.ROLES_WRITE,
}
LISTS = {"User": "users", "ServiceAccount": "serviceAccounts", "Role": "roles", "RoleBinding": "roleBindings"}
SHOWN = {
    "User": "id name email issuer subject disabledAt lastSignedInAt version",
    "ServiceAccount": "id name description issuer subject disabledAt lastSignedInAt version",
    "Role": "id name description scopes builtIn key version",
    "RoleBinding": "id role { id } node { id kind } createdAt",
}
PROBLEMS = """... on Problem { message } ... on Conflict { currentVersion } ... on Forbidden { missing }
  ... on Invalid { fields { path message } }"""


def _of_account(noun: str) -> dict[str, Any]:
    return {
        f"create{noun}": lambda _ids: {"name": "New"},
        f"update{noun}": lambda ids: {"id": ids[noun], "name": "New"},
        f"disable{noun}": lambda ids: {"id": ids[noun]},
        f"enable{noun}": lambda ids: {"id": ids[noun]},
        f"delete{noun}": lambda ids: {"id": ids[noun]},
    }


# What each mutation is asked for, given the ids that it may name.
MATRIX: dict[str, Any] = {
    **_of_account("User"),
    **_of_account("ServiceAccount"),
    "createRole": lambda _ids: {"name": "New", "scopes": ["tenant.devices.read"]},
    "updateRole": lambda ids: {"id": ids["Role"], "name": "New"},
    "deleteRole": lambda ids: {"id": ids["Role"]},
    "createRoleBinding": lambda ids: {"role": ids["Role"], "principal": ids["User"], "node": ids["Area"]},
    "deleteRoleBinding": lambda ids: {"id": ids["RoleBinding"]},
}
BINDING = ("createRoleBinding", "deleteRoleBinding")
# Those that name a thing that is there already.
NAMING = [field for field in MATRIX if not field.startswith("create")]
Shown = dict[str, Any]


def document(field: str, *, shows: bool = True) -> str:
    """The operation of one mutation, with all that it answers, or only what needs no right to read."""
    verb, noun = parts(field)
    given = "PrincipalInput" if verb in {"disable", "enable", "delete"} else f"{verb.title()}{noun}Input"
    given = "DeleteRoleBindingInput" if field == "deleteRoleBinding" else given
    thing = f"... on {noun} {{ {SHOWN[noun]} }}" if shows else ""
    if verb == "delete":
        thing = "... on Removal { id } ... on NotEmpty { counts { type count } }"
    return f"mutation ($in: {given}!) {{ {field}(input: $in) {{ __typename {thing} {PROBLEMS} }} }}"


async def change(ask: Ask, estate: Estate, field: str, **given: Any) -> Shown:
    """What the mutation answers to a caller with every scope; errors are not expected."""
    outcome = await ask(estate, document(field), *EVERYTHING, **{"in": given})
    assert outcome.errors == [], outcome.errors
    answered: Shown = outcome.data[field]
    return answered


async def changed(ask: Ask, estate: Estate, field: str, **given: Any) -> Shown:
    """As `change`, where a thing and not a problem is expected."""
    answered = await change(ask, estate, field, **given)
    assert "message" not in answered, answered
    return answered


async def listed(ask: Ask, estate: Estate, noun: str, **condition: Any) -> list[Shown]:
    """All that a reader of the whole tenant is shown, in the order of the ids."""
    name = LISTS[noun]
    query = f"query ($filter: {noun}Filter) {{ {name}(filter: $filter, first: 100) {{ nodes {{ {SHOWN[noun]} }} }} }}"
    outcome = await ask(estate, query, READ[noun], Scope.ROLES_READ, filter=condition or None)
    found: list[Shown] = outcome.data[name]["nodes"]
    return found
