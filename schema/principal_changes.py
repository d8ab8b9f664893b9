"""The changes of who may do what: people, service accounts, roles and bindings."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from auth.requirement import any_of
from resolvers.mutations import Action, mutation
from resolvers.writing.nouns import Noun
from resolvers.writing.principals.bind import BINDING_NOUN, bind, unbind
from resolvers.writing.principals.create import create
from resolvers.writing.principals.delete import delete
from resolvers.writing.principals.disable import disable, enable
from resolvers.writing.principals.nouns import creatable
from resolvers.writing.principals.update import update
from schema import inputs
from schema.field import argument, field
from schema.inputs import ID, IF_VERSION, KEY, input_of
from schema.problem import Conflict, Forbidden, Invalid, NotEmpty, NotFound
from schema.role import Role
from schema.role_binding import RoleBinding
from schema.service_account import ServiceAccount
from schema.user import User


@strawberry.federation.type(description="What was deleted for good.")
class Removal:
    """What was deleted for good."""

    id: strawberry.ID = field("Its id, which names nothing any more.", resolver=lambda row, _info: row["id"])


Refused = NotFound | Conflict | Invalid | Forbidden
UserResult = Annotated[User | Refused, strawberry.union("UserResult", description="A person, or why not.")]
ServiceAccountResult = Annotated[
    ServiceAccount | Refused, strawberry.union("ServiceAccountResult", description="A service account, or why not.")
]
RoleResult = Annotated[Role | Refused, strawberry.union("RoleResult", description="A role, or why not.")]
RoleBindingResult = Annotated[
    RoleBinding | Refused, strawberry.union("RoleBindingResult", description="A role binding, or why not.")
]
RemovalResult = Annotated[
    Removal | Refused | NotEmpty,
    strawberry.union("RemovalResult", description="What was deleted for good, or why not."),
]

NAMING = input_of(
    "PrincipalInput",
    "A user, service account or role, by its id.",
    {"id": ID, "if_version": IF_VERSION, "client_mutation_id": KEY},
)
BINDING = input_of(
    "CreateRoleBindingInput",
    "A role to bind, whose scopes its maker holds beneath the node.",
    {
        "role": (strawberry.ID, "The role, a built-in one or the tenant's own."),
        "principal": (strawberry.ID, "Who is to have it: a user or a service account."),
        "node": (
            strawberry.ID | None,
            "Where: an organization, location or area; the whole tenant and those beneath it otherwise.",
        ),
        "client_mutation_id": KEY,
    },
)
UNBINDING = input_of("DeleteRoleBindingInput", "A role binding to delete.", {"id": ID, "client_mutation_id": KEY})


def _field(noun: Noun, action: Action, description: str, given: Any) -> Any:
    asked = [argument("input", given, "What is asked for.")]
    return field(description, scopes=any_of(noun.scope), resolver=mutation(noun, action), arguments=asked)


def creates(noun: Noun) -> Any:
    """`createUser` and its like."""
    return _field(noun, create, f"Create a {noun.named}.", inputs.creating(creatable(noun)))


def updates(noun: Noun) -> Any:
    """`updateUser` and its like."""
    return _field(noun, update, f"Change fields of a {noun.named}.", inputs.updating(noun))


def disables(noun: Noun) -> Any:
    """`disableUser` and its like."""
    return _field(noun, disable, f"Let a {noun.named} do nothing any more, within 5 seconds.", NAMING)


def enables(noun: Noun) -> Any:
    """`enableUser` and its like."""
    return _field(noun, enable, f"Let a disabled {noun.named} do again what its roles allow.", NAMING)


def deletes(noun: Noun) -> Any:
    """`deleteUser` and its like."""
    return _field(noun, delete, f"Delete a {noun.named} for good.", NAMING)


BINDS = _field(BINDING_NOUN, bind, "Give somebody a role beneath a node.", BINDING)
UNBINDS = _field(BINDING_NOUN, unbind, "Take a role away, within 5 seconds.", UNBINDING)
