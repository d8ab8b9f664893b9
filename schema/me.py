"""The caller."""

from __future__ import annotations

from datetime import datetime

import strawberry

from auth.principal import PrincipalKind
from models.hierarchy import ReachKind
from resolvers.me import tenant_of_me
from schema.field import field
from schema.tenant import Tenant


@strawberry.federation.type(description="The token that the caller showed.")
class MeToken:
    """Never its secret."""

    id: strawberry.ID = field("Its id.")
    name: str = field("Its name.")
    expires_at: datetime = field("When it ends.")


@strawberry.federation.type(description="The account that the caller acts for.")
class MeAccount:
    """A person, or a service account."""

    id: strawberry.ID = field("Its id: usr_… of a person, svc_… of a program.")
    name: str = field("Its name.")


@strawberry.federation.type(description="A node of the hierarchy that the caller's rights are bound to.")
class Reach:
    """They cover everything beneath it."""

    id: strawberry.ID = field("The node's id.")
    kind: ReachKind = field("What sort of node it is.")


@strawberry.federation.type(description="Who the caller is.")
class Me:
    """Who the caller is."""

    kind: PrincipalKind = field("What sort of caller it is.")
    name: str = field("The caller's name.")
    tenant: Tenant | None = field("The tenant that this request acts in.", resolver=tenant_of_me)
    scopes: list[str] = field("The scopes that the token holds.")
    token: MeToken = field("The token that the caller showed.")
    account: MeAccount | None = field(
        "The person or service account that signed in, or owns the token; null where the tenant alone does."
    )
    reach: list[Reach] = field("What the caller's rights are bound to.")
