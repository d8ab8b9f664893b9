"""An issuer that nobody can have meant is found before the server starts."""

from datetime import timedelta
from typing import Any

import pytest

from auth.oidc.issuer import Issuer, IssuerKind, TypPolicy, entra
from tests.oidc import API, AUDIENCE, ENTRA, TID

URL = "https://issuer.example"
TEMPLATE = "https://login.microsoftonline.com/{tenantid}/v2.0"
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "plain HTTP": ({"issuer": "http://issuer.example"}, "https"),
    "no address": ({"issuer": "issuer"}, "https"),
    "no host": ({"issuer": "https:///path"}, "https"),
    "a query": ({"issuer": f"{URL}?x=1"}, "https"),
    "a fragment": ({"issuer": f"{URL}#x"}, "https"),
    "a user": ({"issuer": "https://me:secret@issuer.example"}, "https"),
    "a port that is none": ({"issuer": f"{URL}:99999"}, "https"),
    "half an IPv6 address": ({"issuer": "https://[::1"}, "https"),
    "a template outside of Entra": ({"issuer": TEMPLATE}, "https"),
    "keys by plain HTTP": ({"jwks_uri": "http://issuer.example/keys"}, "https"),
    "no audience": ({"audience": ""}, "audience"),
    "no algorithm": ({"algorithms": frozenset()}, "algorithms"),
    "a shared secret": ({"algorithms": frozenset({"RS256", "HS256"})}, "algorithms"),
    "no signature": ({"algorithms": frozenset({"none"})}, "algorithms"),
    "a leeway that is negative": ({"leeway": timedelta(seconds=-1)}, "leeway"),
    "a leeway beyond the life": ({"leeway": timedelta(days=2)}, "leeway"),
    "a tid outside of Entra": ({"tid": TID}, "ENTRA"),
}
BAD_ENTRA: dict[str, tuple[dict[str, Any], str]] = {
    "no tid": ({"tid": None, "issuer": URL}, "GUID"),
    "a tid that is none": ({"tid": "contoso.com"}, "GUID"),
    "a tid in capitals": ({"tid": TID.upper()}, "GUID"),
    "an address without the tenant": ({"issuer": "https://login.microsoftonline.com/common/v2.0"}, "{tenantid}"),
    "another algorithm": ({"algorithms": frozenset({"ES256"})}, "RS256"),
    "another typ": ({"typ": TypPolicy.ACCESS_TOKEN}, "JWT"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_issuer_is_refused(name: str) -> None:
    """With what to give instead."""
    given, hint = BAD[name]
    with pytest.raises(ValueError, match=hint):
        Issuer(**{"issuer": URL, "audience": AUDIENCE, **given})


@pytest.mark.parametrize("name", BAD_ENTRA)
def test_a_bad_issuer_of_entra_is_refused(name: str) -> None:
    """Its rules are stricter: one tenant, one algorithm."""
    given, hint = BAD_ENTRA[name]
    good = {"issuer": TEMPLATE, "audience": API, "kind": IssuerKind.ENTRA, "typ": TypPolicy.JWT, "tid": TID}
    with pytest.raises(ValueError, match=hint):
        Issuer(**{**good, **given})


def test_a_tenant_of_entra_is_known_by_its_tid() -> None:
    """Its addresses follow from it."""
    assert ENTRA.url == f"https://login.microsoftonline.com/{TID}/v2.0"
    assert ENTRA.key_source == f"{ENTRA.url}/.well-known/openid-configuration"
    assert entra(TID, API, "https://login.microsoftonline.us").url == f"https://login.microsoftonline.us/{TID}/v2.0"


def test_the_metadata_of_an_issuer_with_a_path_lie_beneath_it() -> None:
    """Whether or not it ends with a slash, which belongs to its name all the same."""
    issuer = Issuer(f"{URL}/realms/acme/", AUDIENCE)
    assert issuer.url == f"{URL}/realms/acme/"
    assert issuer.metadata_uri == f"{URL}/realms/acme/.well-known/openid-configuration"


def test_keys_may_be_where_no_metadata_say() -> None:
    """Then these are not asked for."""
    assert Issuer(URL, AUDIENCE, jwks_uri=f"{URL}/keys").key_source == f"{URL}/keys"
