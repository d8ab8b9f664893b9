"""The changes of tokens: what they are asked for, and what they answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import strawberry

from auth.networks import MOST_NETWORKS
from auth.requirement import AUTHENTICATED, Requirement, any_of
from auth.scopes import Scope
from resolvers.token_mutations import Resolver, changing, issuing
from resolvers.writing.tokens.create import create
from resolvers.writing.tokens.revoke import revoke, revoke_own
from resolvers.writing.tokens.rotate import rotate, rotate_own
from resolvers.writing.tokens.update import update
from schema.field import argument, field
from schema.inputs import ID, IF_VERSION, KEY, input_of
from schema.problem import Conflict, Forbidden, Invalid, NotFound
from schema.token import IssuedToken, Token

IssuedTokenResult = Annotated[
    IssuedToken | NotFound | Conflict | Invalid | Forbidden,
    strawberry.union("IssuedTokenResult", description="A token and its secret, or why not."),
]
TokenResult = Annotated[
    Token | NotFound | Conflict | Invalid | Forbidden,
    strawberry.union("TokenResult", description="A token, or why not."),
]
WRITE = any_of(Scope.TOKENS_WRITE)
OVERLAP = (int | None, "For how many seconds the secret before stays good: 0 to 86,400; 3,600 where nothing is said.")
NETWORKS = f"Where it may be used from, in CIDR notation, at most {MOST_NETWORKS}"

CREATING = input_of(
    "CreateTokenInput",
    "A token to make, with scopes that its maker holds, for a node within its maker's own reach.",
    {
        "name": (str, "What people call it; at most 200 characters."),
        "scopes": (list[str], "What it may do, by the names of the scopes."),
        "node": (
            strawberry.ID | None,
            "Where it may do that: the id of an organization, location or area; the whole tenant otherwise.",
        ),
        "expires_in": (int | None, "How many seconds it lives, at most 365 days; 90 days where nothing is said."),
        "expires_at": (datetime | None, "When it ends, instead of expiresIn."),
        "networks": (list[str] | None, f"{NETWORKS}; anywhere otherwise."),
        "owner": (
            strawberry.ID | None,
            "Whose it is: a service account, or the caller's own account, as where nothing is said.",
        ),
        "client_mutation_id": KEY,
    },
)
UPDATING = input_of(
    "UpdateTokenInput",
    "What to change of a token: its name, and the rest only to less than it is. What is not named stays.",
    {
        "id": ID,
        "if_version": IF_VERSION,
        "name": (str | None, "What people call it; at most 200 characters."),
        "scopes": (list[str] | None, "Some of the scopes that it holds."),
        "node": (strawberry.ID | None, "A node beneath the one that it is bound to."),
        "expires_at": (datetime | None, "A sooner end."),
        "networks": (list[str] | None, f"{NETWORKS}, each within one that it has."),
        "client_mutation_id": KEY,
    },
)
ROTATING = input_of(
    "RotateTokenInput",
    "A token that is to have a new secret.",
    {"id": ID, "if_version": IF_VERSION, "overlap": OVERLAP, "client_mutation_id": KEY},
)
REVOKING = input_of(
    "RevokeTokenInput", "A token to end.", {"id": ID, "if_version": IF_VERSION, "client_mutation_id": KEY}
)
ROTATING_OWN = input_of(
    "RotateOwnTokenInput", "The caller's own token, with a new secret.", {"overlap": OVERLAP, "client_mutation_id": KEY}
)
REVOKING_OWN = input_of("RevokeOwnTokenInput", "The caller's own token, ended.", {"client_mutation_id": KEY})


def _field(description: str, resolver: Resolver, given: Any, scopes: Requirement = WRITE) -> Any:
    asked = [argument("input", given, "What is asked for.")]
    return field(description, scopes=scopes, resolver=resolver, arguments=asked)


CREATES = _field("Make a token. Its secret is in this answer and nowhere else.", issuing(create), CREATING)
UPDATES = _field("Rename a token, or narrow it.", changing(update), UPDATING)
ROTATES = _field(
    "Give a token a new secret; for who holds all that the token may do. Its end stays.", issuing(rotate), ROTATING
)
REVOKES = _field("Revoke a token for good: within 5 seconds no server takes it.", changing(revoke), REVOKING)
ROTATES_OWN = _field(
    "Give the token that the caller showed a new secret.", issuing(rotate_own), ROTATING_OWN, AUTHENTICATED
)
REVOKES_OWN = _field("Revoke the token that the caller showed.", changing(revoke_own), REVOKING_OWN, AUTHENTICATED)
