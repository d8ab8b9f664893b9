"""What an operation asks for, and what of it a token may have."""

from __future__ import annotations

import strawberry

from auth.explaining import AccessReason
from auth.verifying import TokenState
from schema.field import field
from schema.me import Reach


@strawberry.federation.type(
    description="A field of an operation, or a fragment on a type, and whether a token may have it."
)
class FieldAccess:
    """What one place of an operation asks for."""

    path: list[str] = field("The way to it in the answer, by aliases where there are any.")
    coordinate: str = field("Which field it is, such as Query.devices; of a fragment, the type that it is on.")
    scopes: list[list[str]] = field(
        "What it asks for: all scopes of one of these sets. Where it asks for nothing, what the field around it asks "
        "for; empty means that any good token will do."
    )
    granted: bool = field("Whether the token may have it, beneath some nodes at least.")
    reason: AccessReason = field("Why.")
    missing: list[str] = field("The scopes that would still be needed.")
    within: list[list[Reach]] = field(
        "Where it may have it, if that is less than everything: beneath all nodes of one of these sets. Types of "
        "devices are the whole tenant's, and are read wherever they may be read at all."
    )


@strawberry.federation.type(description="What an operation asks for, and what of it a token may have. Nothing was run.")
class AccessExplanation:
    """The whole operation."""

    allowed: bool = field("Whether nothing of it would be refused; what depends on rows is not known beforehand.")
    state: TokenState = field("Whether the token is good; otherwise nothing is granted.")
    fields: list[FieldAccess] = field("Each field by its path, whatever @skip and @include say.")
    smallest_scopes: list[str] = field("The smallest set of scopes with which a token could have all of it.")
    lacking: list[str] = field("What of that set does not hold for the token in this tenant.")
