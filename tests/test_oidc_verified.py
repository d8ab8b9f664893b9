"""What a good token of an issuer says: who, what for, until when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auth.codes import Refusal
from auth.oidc.faults import Fault
from auth.oidc.issuer import Issuer, TypPolicy
from auth.oidc.keys import Keys
from auth.oidc.verification import verify
from auth.oidc.verified import SubjectKey, VerifiedToken
from tests.clock import HeldClock
from tests.oidc import (
    ABSENT,
    AUDIENCE,
    ENTRA,
    ISSUER,
    OID,
    TID,
    Private,
    ec_pair,
    ed_pair,
    entra_token,
    jwk,
    now,
    published,
    rsa_pair,
    token,
)


async def said(text: str, clock: HeldClock, *issuers: Issuer, keys: tuple[dict[str, Any], ...] = ()) -> VerifiedToken:
    """What a good token says."""
    return await verify(text, issuers or (ISSUER, ENTRA), Keys(published(*keys), clock), clock)


async def test_a_token_says_who_and_what_for(clock: HeldClock) -> None:
    """The e-mail address that it also names is nowhere."""
    text = token(roles=["Devices.Read"], groups=["g1", "g2"])
    assert await said(text, clock) == VerifiedToken(
        issuer=ISSUER.url,
        subject=SubjectKey(ISSUER.url, "person-1"),
        name="Ada Lovelace",
        scopes=frozenset({"tenant.devices.read", "tenant.areas.read"}),
        roles=frozenset({"Devices.Read"}),
        groups=frozenset({"g1", "g2"}),
        has_more_groups=False,
        issued_at=datetime.fromtimestamp(now(), UTC),
        expires_at=datetime.fromtimestamp(now() + 3660, UTC),
        token_id="token-1",
        is_app=False,
    )


async def test_an_entra_token_is_of_its_tid_and_oid(clock: HeldClock) -> None:
    """Its `sub` is another for every application, and `preferred_username` changes hands."""
    assert await said(entra_token(), clock) == VerifiedToken(
        issuer=ENTRA.url,
        subject=SubjectKey(TID, OID),
        name="Ada Lovelace",
        scopes=frozenset({"access_as_user"}),
        roles=frozenset({"Devices.Read"}),
        groups=frozenset(),
        has_more_groups=False,
        issued_at=datetime.fromtimestamp(now(), UTC),
        expires_at=datetime.fromtimestamp(now() + 3660, UTC),
        token_id="uti-1",
        is_app=False,
    )


async def test_an_entra_app_without_roles_has_none(clock: HeldClock) -> None:
    """Any app of the tenant gets such a token: it is good, and good for nothing until a role is assigned."""
    found = await said(entra_token(scp=ABSENT, roles=ABSENT, name=ABSENT, idtyp="app"), clock)
    assert found.is_app
    assert found.roles == found.scopes == found.groups == frozenset()


async def test_an_oid_has_one_spelling(clock: HeldClock) -> None:
    """In capitals it is the same person."""
    assert (await said(entra_token(oid=OID.upper()), clock)).subject == (TID, OID)


@pytest.mark.parametrize(
    "claims",
    [
        {
            "_claim_names": {"groups": "src1"},
            "_claim_sources": {"src1": {"endpoint": "https://graph.windows.net/t/users/u/getMemberObjects"}},
        },
        {"hasgroups": True},
    ],
)
async def test_too_many_groups_are_told_and_not_fetched(claims: dict[str, Any], clock: HeldClock) -> None:
    """Entra leaves the groups out beyond 200; the address that the token names is never called."""
    found = await said(entra_token(**claims), clock)
    assert found.has_more_groups
    assert found.groups == frozenset()


@pytest.mark.parametrize("claims", [{"sub": "portal"}, {"sub": "portal", "client_id": ABSENT, "azp": "portal"}])
async def test_a_client_that_is_its_own_subject_is_an_app(claims: dict[str, Any], clock: HeldClock) -> None:
    """RFC 9068: so are tokens of the client credentials grant."""
    assert (await said(token(**claims), clock)).is_app


@pytest.mark.parametrize("claims", [{"scp": ["a", "b"], "scope": ABSENT}, {"scp": "a b", "scope": ABSENT}])
async def test_scopes_come_as_words_or_as_a_list(claims: dict[str, Any], clock: HeldClock) -> None:
    """Issuers differ."""
    assert (await said(token(**claims), clock)).scopes == {"a", "b"}


@pytest.mark.parametrize("name", [ABSENT, 7, None, " ", "\ud800", "a\0b"])
async def test_a_name_that_cannot_be_shown_is_none(name: object, clock: HeldClock) -> None:
    """The next best is shown; it decides nothing, so a bad one is no reason to refuse."""
    assert (await said(token(name=name), clock)).name is None
    assert (await said(token(name=name, preferred_username="ada"), clock)).name == "ada"


async def test_an_app_is_shown_by_its_own_name(clock: HeldClock) -> None:
    """Or by its id; a person's name, if the token has one, is not its."""
    assert (await said(token(sub="portal"), clock)).name == "portal"
    assert (await said(token(sub="portal", app_displayname="The portal"), clock)).name == "The portal"


@pytest.mark.parametrize("audience", [AUDIENCE, [AUDIENCE], ["another", AUDIENCE]])
async def test_we_may_be_one_audience_of_several(audience: object, clock: HeldClock) -> None:
    """As RFC 7519 has it."""
    assert (await said(token(aud=audience), clock)).issuer == ISSUER.url


@pytest.mark.parametrize(
    ("algorithm", "pair"),
    [("RS256", rsa_pair("also")), ("PS256", rsa_pair("also")), ("ES256", ec_pair("ec")), ("EdDSA", ed_pair("ed"))],
)
async def test_every_agreed_algorithm_verifies(algorithm: str, pair: Private, clock: HeldClock) -> None:
    """By a key that does not say which algorithm it is for."""
    text = token(pair, algorithm, {"kid": "also"})
    assert (await said(text, clock, keys=(jwk(pair, "also"),))).issuer == ISSUER.url


@pytest.mark.parametrize(
    ("policy", "good"),
    [
        (TypPolicy.ACCESS_TOKEN, ["at+jwt", "AT+JWT", "application/at+jwt"]),
        (TypPolicy.JWT, ["JWT", "jwt", ABSENT]),
        (TypPolicy.EITHER, ["at+jwt", "AT+JWT", "application/at+jwt", "JWT", "jwt", ABSENT]),
    ],
)
@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "JWT", "jwt", ABSENT, "secevent+jwt", "", 0])
async def test_the_type_is_agreed_with_each_issuer(
    policy: TypPolicy, good: list[object], typ: object, clock: HeldClock
) -> None:
    """Entra says JWT, RFC 9068 at+jwt; some say nothing."""
    text, issuer = token(header={"typ": typ}), Issuer(ISSUER.issuer, AUDIENCE, typ=policy)
    if typ in good:
        assert (await said(text, clock, issuer)).issuer == issuer.url
    else:
        with pytest.raises(Refusal, match=Fault.WRONG_TYP.value):
            await said(text, clock, issuer)


@pytest.mark.parametrize("claims", [{"exp": now() - 59}, {"iat": now() + 60, "nbf": now() + 60}])
async def test_clocks_may_differ_by_a_minute(claims: dict[str, Any], clock: HeldClock) -> None:
    """No two machines agree on the time."""
    assert (await said(token(**claims), clock)).expires_at > clock.now()


async def test_a_token_ends_at_the_very_moment(clock: HeldClock) -> None:
    """What `expires_at` tells is when it is refused."""
    text = token(exp=now() - 59)
    clock.advance(timedelta(milliseconds=877))
    assert clock.now() == datetime.fromtimestamp(now() + 1, UTC)
    with pytest.raises(Refusal, match=Fault.EXPIRED.value):
        await said(text, clock)
    clock.advance(timedelta(milliseconds=-1))
    assert (await said(text, clock)).expires_at == clock.now() + timedelta(milliseconds=1)


async def test_a_date_may_have_a_fraction(clock: HeldClock) -> None:
    """RFC 7519 allows it."""
    found = await said(token(exp=now() + 0.5), clock)
    assert found.expires_at == datetime.fromtimestamp(now() + 60.5, UTC)


async def test_an_issuer_may_be_trusted_for_two_audiences(clock: HeldClock) -> None:
    """Each of its entries has its own terms; the token's audience picks."""
    second = Issuer(ISSUER.issuer, "second", longest_life=timedelta(hours=1))
    with pytest.raises(Refusal, match=Fault.TOO_LONG_LIFE.value):
        await said(token(aud="second", exp=now() + 4000), clock, ISSUER, second)
    assert (await said(token(exp=now() + 4000), clock, ISSUER, second)).issuer == ISSUER.url


async def test_keys_may_be_those_of_all_entra_tenants(clock: HeldClock) -> None:
    """The set at `common` is larger; each key says whose it is."""
    source = published()
    common = Issuer(ENTRA.issuer, ENTRA.audience, ENTRA.kind, typ=ENTRA.typ, tid=TID, jwks_uri="https://common.example")
    source.sets = {"https://common.example": source.sets[ENTRA.key_source]}
    assert (await verify(entra_token(), [common], Keys(source, clock), clock)).subject == (TID, OID)
