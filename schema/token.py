"""Tokens: what callers show. Never a secret, never a hash."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import strawberry

from auth.requirement import any_of
from auth.scopes import Scope
from auth.verifying import TokenState
from loaders import edges
from loaders.entities import TOKEN
from resolvers.token import node_of_token
from schema.connection import connection_of
from schema.entity import entity
from schema.field import field
from schema.me import Reach

if TYPE_CHECKING:
    from schema.service_account import ServiceAccount
    from schema.user import User

TokenConnection, TokenEdge, TokenFilter, TokenOrder = connection_of(TOKEN)


@entity(
    TOKEN,
    scopes=any_of(Scope.TOKENS_READ),
    description="What a caller shows: scopes that hold beneath a node until it ends or is revoked. Never its secret.",
    keyed=False,
)
class Token:
    """Scopes that hold beneath a node until they end."""

    name: str = field("What people call it; unique among the tenant's tokens that are not revoked.")
    scopes: list[str] = field("What it may do, sorted.")
    node: Reach = field("Where it may do that.", resolver=node_of_token)
    networks: list[str] = field("Where it may be used from, in CIDR notation; none means anywhere.")
    user: User | None = field("Whose it is, where a person owns it.", edge=edges.user_of_token)
    service_account: ServiceAccount | None = field(
        "Whose it is, where a program owns it; one that nobody owns is the tenant's.",
        edge=edges.service_account_of_token,
    )
    created_at: datetime = field("When it was made.")
    updated_at: datetime = field("When it was last changed.")
    expires_at: datetime = field("When it ends.")
    revoked_at: datetime | None = field("When it was revoked; null where it was not.")
    last_used_at: datetime | None = field("When it was last used, give or take a minute.")
    last_used_from: str | None = field("The address that it was then used from.")
    overlap_ends_at: datetime | None = field("After a rotation: until when the secret before is good.")
    version: int = field("How often it was written; guards changes.")


@strawberry.federation.type(description="A token, and its secret, which is shown this once.")
class IssuedToken:
    """A token and its secret."""

    secret: str | None = field("What callers send. Null in the answer to a repeated request: it was shown before.")
    token: Token = field("The token.")


@strawberry.federation.type(description="What a presented text comes to.")
class TokenVerification:
    """Whether it is good, until when, and what for."""

    state: TokenState = field("Whether it is good.")
    good_until: datetime | None = field("Until when it is good, where it is.")
    token: Token | None = field("Whose text it is; null where that is unknown.")
