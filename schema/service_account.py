"""Service accounts: programs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from auth.requirement import any_of
from auth.scopes import Scope
from loaders import edges
from loaders.entities import SERVICE_ACCOUNT
from schema.connection import Connection, connection_of
from schema.entity import entity
from schema.field import field

if TYPE_CHECKING:
    from schema.role_binding import RoleBinding
    from schema.token import Token

ServiceAccountConnection, ServiceAccountEdge, ServiceAccountFilter, ServiceAccountOrder = connection_of(SERVICE_ACCOUNT)


@entity(
    SERVICE_ACCOUNT,
    scopes=any_of(Scope.SERVICE_ACCOUNTS_READ),
    description="A program's account. The tenant owns it, not the person who made it.",
    keyed=False,
)
class ServiceAccount:
    """A program's account."""

    name: str = field("The name that people see, unique in the tenant.")
    description: str | None = field("What it is for.")
    issuer: str | None = field("Who knows it; null for one that acts by tokens alone.")
    subject: str | None = field("Who it is there.")
    disabled_at: datetime | None = field("Since when it may do nothing; null for one that may.")
    last_signed_in_at: datetime | None = field("When its newest token of the issuer was issued.")
    bindings: Connection[RoleBinding] = field(
        "The roles that it has, and where.", edge=edges.bindings_of_service_account
    )
    tokens: Connection[Token] = field("Its tokens, the revoked ones too.", edge=edges.tokens_of_service_account)
    created_at: datetime = field("When it was made.")
    updated_at: datetime = field("When it was last changed.")
    version: int = field("How often it was written; guards changes.")
