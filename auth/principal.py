"""Who is calling, and for which tenant."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from auth.scopes import Scope
from models import PLATFORM_ID


class PrincipalKind(StrEnum):
    """What sort of caller it is. Published, forever; people, devices and gateways join later."""

    OPERATOR = "OPERATOR"
    SERVICE = "SERVICE"


class ReachKind(StrEnum):
    """What a caller's rights are bound to; they cover everything beneath it. Published, forever."""

    PLATFORM = "PLATFORM"
    TENANT = "TENANT"


@dataclass(frozen=True, slots=True)
class TenantRef:
    """A tenant as far as the request path knows it; `path` is the ids from the root to the tenant itself."""

    id: uuid.UUID
    slug: str
    status: str
    path: tuple[uuid.UUID, ...]


@dataclass(frozen=True, slots=True)
class Principal:
    """The bearer of a good token: its scopes, and the tenant that the token belongs to."""

    kind: PrincipalKind
    name: str
    token_id: uuid.UUID
    expires_at: datetime
    scopes: frozenset[Scope]
    home: TenantRef


@dataclass(frozen=True, slots=True)
class Caller:
    """A principal, and the tenant that this request acts in: its own, or one beneath it."""

    principal: Principal
    tenant: TenantRef


def kind_of(home: uuid.UUID) -> PrincipalKind:
    """A token of the platform's own tenant is an operator's."""
    return PrincipalKind.OPERATOR if home == PLATFORM_ID else PrincipalKind.SERVICE
