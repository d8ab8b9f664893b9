"""What can be written of people, service accounts and roles, declared like the nouns of an estate."""

from dataclasses import replace
from typing import Any

from auth.scopes import Scope
from loaders.entities import ROLE, SERVICE_ACCOUNT, USER
from resolvers.writing.nouns import NAME, Field, Noun, matching

# A tenant's roles, and the scopes of one.
MOST_ROLES = 200
DESCRIPTION = Field("description", "What it is for", most=1000)


def _exact(value: str) -> str | None:
    return None if value and value == value.strip() else "must not be blank, nor begin or end with a blank"


# Whom an issuer means never changes: a name of somebody else would inherit all that was given to this one.
IDENTITY = (
    Field(
        "issuer", "Whose people it belongs to, as `iss` names it; with `subject`, or neither", most=2000, check=_exact
    ),
    Field("subject", "Who it is there: `sub`, for Entra ID `oid`", most=255, check=_exact),
)


def _scopes(names: list[str]) -> str | None:
    unknown = [name for name in names if name not in set(Scope)]
    if unknown:
        return f"has {unknown[0][:64]!r}, which is no scope; docs/scopes.md lists them"
    return None if names else "must name one scope at least"


def creatable(noun: Noun) -> Noun:
    """The noun with what is said of it once, when it is made."""
    return noun if noun is ROLE_NOUN else replace(noun, fields=(*noun.fields, *IDENTITY))


def both_or_neither(values: dict[str, Any]) -> bool:
    """Whether an identity is whole."""
    return ("issuer" in values) == ("subject" in values)


USER_NOUN = Noun(
    USER,
    Scope.USERS_WRITE,
    fields=(
        NAME,
        Field(
            "email",
            "An address to write to; it decides nothing",
            most=320,
            check=matching(r"[^@\s]+@[^@\s]+", "must be an e-mail address"),
        ),
    ),
)
SERVICE_ACCOUNT_NOUN = Noun(SERVICE_ACCOUNT, Scope.SERVICE_ACCOUNTS_WRITE, fields=(NAME, DESCRIPTION))
ROLE_NOUN = Noun(
    ROLE,
    Scope.ROLES_WRITE,
    fields=(
        NAME,
        DESCRIPTION,
        Field("scopes", "What it lets do, by the names of the scopes", required=True, most=100, check=_scopes),
    ),
)
PRINCIPAL_NOUNS = (USER_NOUN, SERVICE_ACCOUNT_NOUN)
