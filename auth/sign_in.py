"""Signing in with a token of an issuer that a tenant trusts (OpenID Connect, Entra ID among them).

Who it is, is who the issuer says it is, by (issuer, subject). What its roles and groups stand for is computed at every
request and stored for nobody; what is bound to the account itself adds to it.
"""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from auth.accounts import Accounts, Found, Key
from auth.bindings import PLATFORM_SCOPES
from auth.cache import Cache
from auth.codes import Code, Refusal
from auth.credentials import Address, challenge
from auth.grants import Grant, scopes_of
from auth.oidc.trust import Trust
from auth.oidc.verified import VerifiedToken
from auth.oidc.verifier import Verifier
from auth.ports import Signing, SignIns
from auth.principal import Account, Principal, TenantRef, kind_of
from models import PLATFORM_ID, Tenant, TenantStatus
from models.clock import Clock
from models.database import Database
from models.ids import Prefix
from models.statement import Statement

# Names of people are the issuer's, of any length.
LONGEST_NAME = 200
NO_TENANT = "The tenant that trusts the token's issuer is not there."
DISABLED = "The account is disabled."
GONE = "The account was deleted a moment ago: sign in again."
BY_SLUG = Statement(
    select(Tenant.id, Tenant.slug, Tenant.status, Tenant.path).where(
        Tenant.slug == bindparam("slug"), Tenant.status != TenantStatus.DELETED
    )
)


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
        sign_ins: SignIns,
        *,
        keep_seconds: float = 5.0,
    ) -> None:
        """`keep_seconds` is how long a tenant or an account that was disabled may still be signed in to."""
        self._verifier = verifier
        self._trusts = {trust.issuer: trust for trust in trusts}
        self._platform = platform
        self._sign_ins = sign_ins
        self._tenants: Cache[str, TenantRef | None] = Cache(
            self._look_up, clock, keep_seconds=keep_seconds, keep_at_most=10_000
        )
        self._accounts = Accounts(platform, clock, keep_seconds)

    async def principal(
        self, text: str, younger_than: float | None = None, address: Address | None = None
    ) -> Principal:
        """The bearer of a good token, with what its cohorts and its account's roles let it do at this moment.

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
        found = await self._account(home, trust, verified, younger_than, address)
        if found.is_disabled:
            raise Refusal(Code.UNAUTHENTICATED, DISABLED, headers=challenge("invalid_token", DISABLED))
        cohorts = trust.grants(verified)
        if home.id != PLATFORM_ID:
            # What lies across tenants is for the platform's own people, whatever role names it.
            cohorts = tuple(Grant(grant.scopes - PLATFORM_SCOPES, grant.nodes) for grant in cohorts)
        # By no other name: a token's could be that of another program.
        account = Account(_prefix(verified), found.id, found.name, (*cohorts, *found.grants))
        return Principal(
            kind=kind_of(home.id, is_person=not verified.is_app),
            name=found.name,
            token_id=found.id,
            expires_at=verified.expires_at,
            scopes=scopes_of(account.grants),
            home=home,
            account=account,
            signed_in=True,
        )

    async def _account(
        self,
        home: TenantRef,
        trust: Trust,
        verified: VerifiedToken,
        younger_than: float | None,
        address: Address | None,
    ) -> Found:
        """The bearer's account, which is made where there is none yet; a newer token than its last is told.

        Raises:
            Refusal: UNAUTHENTICATED, where it was deleted in the meantime.
        """
        key = Key(home.id, _prefix(verified), verified.issuer, verified.subject.id)
        found = await self._accounts.get(key, younger_than)
        if found is None or found.is_news(verified.issued_at):
            signing = Signing(
                tenant_id=home.id,
                kind=kind_of(home.id, is_person=not verified.is_app),
                prefix=key.prefix,
                issuer=key.issuer,
                subject=key.subject,
                name=verified.name and verified.name[:LONGEST_NAME],
                issued_at=verified.issued_at,
                cohorts=tuple(cohort.told for cohort in trust.matched(verified)),
                address=address,
            )
            await self._sign_ins.signed_in(signing)
            self._accounts.forget(key)
            found = await self._accounts.get(key)
        if found is None:
            raise Refusal(Code.UNAUTHENTICATED, GONE, headers=challenge("invalid_token", GONE))
        return found

    async def _look_up(self, slug: str) -> TenantRef | None:
        row = await BY_SLUG.row(self._platform, None, slug=slug)
        return None if row is None else TenantRef(row.id, row.slug, row.status, tuple(row.path))


def _prefix(verified: VerifiedToken) -> Prefix:
    return Prefix.SERVICE_ACCOUNT if verified.is_app else Prefix.USER
