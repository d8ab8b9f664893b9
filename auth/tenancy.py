"""Which tenant a request is for: the token's own, or the one beneath it that `X-Tenant-ID` names.

A header that could be read in two ways is refused, and a tenant that is out of reach answers exactly as one
that does not exist. Row-level security decides what is beneath: the look-up runs in the home's transaction.
"""

import re
import uuid

from sqlalchemy import Uuid, any_, bindparam, select

from auth.cache import Cache
from auth.codes import Code, Refusal
from auth.credentials import Address, Headers, values
from auth.grants import applicable
from auth.principal import Caller, Principal, TenantRef
from models import Tenant, TenantStatus
from models.clock import Clock
from models.database import Database
from models.ids import Prefix, decode
from models.statement import Statement

# What a tenant may be called: a DNS label.
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

_BENEATH = select(Tenant.id, Tenant.slug, Tenant.status, Tenant.path).where(
    bindparam("home", type_=Uuid) == any_(Tenant.path), Tenant.status != TenantStatus.DELETED
)
BY_ID = Statement(_BENEATH.where(Tenant.id == bindparam("wanted")))
BY_SLUG = Statement(_BENEATH.where(Tenant.slug == bindparam("wanted")))


class TenantSelector:
    """Finds the tenant that a principal acts in."""

    def __init__(self, app: Database, clock: Clock, keep_seconds: float = 5.0, keep_at_most: int = 10_000) -> None:
        """`keep_seconds` is how long a tenant that was moved or deleted may still answer as before."""
        self._app = app
        self._beneath: Cache[tuple[uuid.UUID, uuid.UUID | str], TenantRef | None] = Cache(
            self._look_up, clock, keep_seconds=keep_seconds, keep_at_most=keep_at_most
        )

    async def select(
        self,
        principal: Principal,
        headers: Headers,
        younger_than: float | None = None,
        address: Address | None = None,
    ) -> Caller:
        """The principal in the tenant named by id, UUID or slug, or in its own where none is named.

        A suspended tenant beneath the principal's own may still be acted in: somebody has to put it in order.

        Raises:
            Refusal: TENANT_AMBIGUOUS or TENANT_NOT_FOUND.
        """
        home = principal.home
        named = values(headers, b"x-tenant-id")
        if not named:
            return Caller(principal, home, address)
        wanted = id_or_slug(_unambiguous(named))
        if wanted in {home.id, home.slug}:
            return Caller(principal, home, address)
        # What is bound to a node of its own tenant holds in no other one.
        tenant = None if wanted is None else await self._beneath.get((home.id, wanted), younger_than)
        if tenant is None or not applicable(principal.grants, home.id, tenant.path):
            raise Refusal(Code.TENANT_NOT_FOUND, "There is no such tenant, or not for this token.")
        return Caller(principal, tenant, address)

    async def _look_up(self, key: tuple[uuid.UUID, uuid.UUID | str]) -> TenantRef | None:
        home, wanted = key
        beneath = BY_ID if isinstance(wanted, uuid.UUID) else BY_SLUG
        row = await beneath.row(self._app, home, home=home, wanted=wanted)
        return None if row is None else TenantRef(row.id, row.slug, row.status, tuple(row.path))


def id_or_slug(text: str) -> uuid.UUID | str | None:
    """What names a tenant: its id with or without the prefix, or its slug; None for what can be neither."""
    named = decode(text) or decode(f"{Prefix.TENANT}_{text}")
    if named is not None:
        prefix, value = named
        return value if prefix is Prefix.TENANT else None
    return text if SLUG.fullmatch(text) else None


def _unambiguous(named: list[str]) -> str:
    """The one value of the header, in the one spelling that ids and slugs have."""
    text = named[0]
    if len(named) > 1 or not text or "," in text or text.split() != [text] or text != text.lower():
        raise Refusal(
            Code.TENANT_AMBIGUOUS,
            "Send X-Tenant-ID once, with one tenant's id or slug, in lower case and without blanks.",
        )
    return text
