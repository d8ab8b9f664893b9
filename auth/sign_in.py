"""Signing in with a token of an issuer that a tenant trusts (OpenID Connect, Entra ID among them).

A person is who the issuer says it is, by (issuer, subject); nothing is stored of it.
"""

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from auth.cache import Cache
from auth.codes import Code, Refusal
from auth.credentials import challenge
from auth.grants import Grant, scopes_of
from auth.oidc.trust import Trust
from auth.oidc.verifier import Verifier
from auth.principal import Account, Principal, PrincipalKind, TenantRef
from auth.scopes import Scope
from models import PLATFORM_ID, Tenant, TenantStatus
from models.clock import Clock
from models.database import Database
from models.ids import Prefix

# Names of people are the issuer's, of any length.
LONGEST_NAME = 200
PLATFORM_SCOPES = frozenset(scope for scope in Scope if scope.startswith("platform."))
NO_TENANT = "The tenant that trusts the token's issuer is not there."


def looks_signed(text: str) -> bool:
    """Whether a credential can be a JSON Web Token, which no token of ours looks like."""
    return text.startswith("eyJ") and text.count(".") == 2


class SignIn:
    """Knows the bearers of issuers' tokens."""

    def __init__(
        self,
        verifier: Verifier,
        trusts: Sequence[Trust],
        platform: Database,
        clock: Clock,
        keep_seconds: float = 5.0,
    ) -> None:
        """`keep_seconds` is how long a tenant that was suspended or deleted may still be signed in to."""
        self._verifier = verifier
        self._trusts = {trust.issuer: trust for trust in trusts}
        self._platform = platform
        self._tenants: Cache[str, TenantRef | None] = Cache(
            self._look_up, clock, keep_seconds=keep_seconds, keep_at_most=10_000
        )

    async def principal(self, text: str, younger_than: float | None = None) -> Principal:
        """The bearer of a good token, with what its cohorts may do at this moment.

        Raises:
            Refusal: UNAUTHENTICATED, TENANT_SUSPENDED, or UNAVAILABLE where the issuer's keys cannot be had.
        """
        verified = await self._verifier.verify(text, self._trusts)
        trust = next(each for issuer, each in self._trusts.items() if issuer.url == verified.issuer)
        home = await self._tenants.get(trust.tenant, younger_than)
        if home is None:
            raise Refusal(Code.UNAUTHENTICATED, NO_TENANT, headers=challenge("invalid_token", NO_TENANT))
        if home.status != TenantStatus.ACTIVE:
            raise Refusal(Code.TENANT_SUSPENDED, "The token's tenant is suspended.")
        grants = trust.grants(verified)
        if home.id != PLATFORM_ID:
            # What lies across tenants is for the platform's own people, whatever role names it.
            grants = tuple(Grant(grant.scopes - PLATFORM_SCOPES, grant.nodes) for grant in grants)
        name = (verified.name or verified.subject.id)[:LONGEST_NAME]
        account = Account(Prefix.USER, uuid.uuid5(uuid.NAMESPACE_URL, " ".join(verified.subject)), name, grants)
        return Principal(
            kind=_kind(home, is_app=verified.is_app),
            name=name,
            token_id=account.id,
            expires_at=verified.expires_at,
            scopes=scopes_of(grants),
            home=home,
            account=account,
            signed_in=True,
        )

    async def _look_up(self, slug: str) -> TenantRef | None:
        named = select(Tenant.id, Tenant.slug, Tenant.status, Tenant.path).where(
            Tenant.slug == slug, Tenant.status != TenantStatus.DELETED
        )
        async with self._platform.read(None) as connection:
            row = (await connection.execute(named)).one_or_none()
        return None if row is None else TenantRef(row.id, row.slug, row.status, tuple(row.path))


def _kind(home: TenantRef, *, is_app: bool) -> PrincipalKind:
    if home.id == PLATFORM_ID:
        return PrincipalKind.OPERATOR
    return PrincipalKind.SERVICE if is_app else PrincipalKind.USER
