"""Signing in to accounts: processes that trust issuers for a tenant, and who shows them a token."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from auth.authentication import Authenticator
from auth.codes import Refusal
from auth.oidc.issuer import Issuer
from auth.oidc.keys import Keys
from auth.oidc.trust import Claim, Cohort, Trust
from auth.oidc.verifier import Verifier
from auth.principal import Account, Principal
from auth.roles import BY_KEY
from auth.sign_in import SignIn
from resolvers.signing_in import SigningIn
from tenantry.databases import Databases
from tests.auditing import RECORDS, rows_of
from tests.clock import HeldClock
from tests.estate import Estate
from tests.oidc import ENTRA, ISSUER, published, token

COHORTS = (Cohort(Claim.GROUP, "admins", BY_KEY["viewer"]), Cohort(Claim.EVERYONE, "", BY_KEY["customer"]))
FIVE = timedelta(seconds=5)


def server(
    databases: Databases, clock: HeldClock, estate: Estate, issuers: Sequence[Issuer] = (ISSUER, ENTRA)
) -> Authenticator:
    """What one process knows: that the estate's tenant trusts these issuers."""
    trusts = [Trust(estate.tenant.slug, issuer, COHORTS) for issuer in issuers]
    verifier = Verifier(Keys(published(), clock), clock)
    sign_in = SignIn(verifier, trusts, databases.platform, clock, SigningIn(databases.app, clock))
    return Authenticator(databases.platform, clock, sign_in=sign_in)


async def shows(authenticator: Authenticator, text: str) -> Principal:
    """Who shows an issuer's token."""
    return await authenticator.authenticate([(b"authorization", f"Bearer {text}".encode())])


async def signed_in(authenticator: Authenticator, **claims: Any) -> Account:
    """The account of who shows a good token of ISSUER."""
    account = (await shows(authenticator, token(**claims))).account
    assert account is not None
    return account


async def refusal(authenticator: Authenticator, text: str) -> Refusal:
    """Why it is refused, with the challenge."""
    with pytest.raises(Refusal) as caught:
        await shows(authenticator, text)
    assert 'error="invalid_token"' in dict(caught.value.headers)["www-authenticate"]
    return caught.value


async def actions(databases: Databases, estate: Estate) -> list[str]:
    """What the audit tells, in its order."""
    return [row["action"] for row in await rows_of(databases, RECORDS, estate.tenant.id)]


PROGRAM: dict[str, Any] = {"sub": "portal", "name": "Portal"}  # its own subject: `client_id` is portal
