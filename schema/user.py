"""Users: people."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from auth.requirement import any_of
from auth.scopes import Scope
from loaders import edges
from loaders.entities import USER
from schema.connection import Connection, connection_of
from schema.entity import entity
from schema.field import field

if TYPE_CHECKING:
    from schema.role_binding import RoleBinding
    from schema.token import Token

UserConnection, UserEdge, UserFilter, UserOrder = connection_of(USER)


@entity(
    USER,
    scopes=any_of(Scope.USERS_READ),
    description="A person. Who it is, an issuer tells by (issuer, subject); an e-mail address never does.",
    keyed=False,
)
class User:
    """A person."""

    name: str = field("The name that people see.")
    email: str | None = field("An address to write to; it decides nothing.")
    issuer: str | None = field("Whose people it belongs to; null for one who acts by tokens alone.")
    subject: str | None = field("Who it is there.")
    disabled_at: datetime | None = field("Since when it may do nothing; null for one who may.")
    last_signed_in_at: datetime | None = field("When its newest token of the issuer was issued.")
    bindings: Connection[RoleBinding] = field("The roles that it has, and where.", edge=edges.bindings_of_user)
    tokens: Connection[Token] = field("Its tokens, the revoked ones too.", edge=edges.tokens_of_user)
    created_at: datetime = field("When it was made.")
    updated_at: datetime = field("When it was last changed.")
    version: int = field("How often it was written; guards changes.")
