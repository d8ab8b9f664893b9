"""`TENANTRY_ISSUERS`: a JSON file of the issuers that tenants trust, read and checked at start-up.

A list of objects such as

    {"tenant": "acme", "issuer": "https://login.example.com", "audience": "tenantry", "typ": "JWT",
     "cohorts": [{"group": "facility-managers", "role": "tenant-admin"},
                 {"role_of_issuer": "guard", "role": "device-operator", "node": "loc_0190b5a2-…"},
                 {"everyone": true, "role": "viewer"}]}

For Entra ID: `"entra": "<tenant id>"` in place of `issuer`. `jwks_uri` and `algorithms` may be given. `browser` offers
the issuer in the explorer, by a client of that id:

    {"client_id": "explorer", "label": "Acme staff", "parameters": {"resource": "tenantry"}}
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from auth.oidc.browser import BrowserClient, scope_of
from auth.oidc.issuer import RS256, Issuer, TypPolicy, entra
from auth.oidc.trust import Claim, Cohort, Trust
from auth.roles import BY_KEY
from models import ids
from models.hierarchy import Node, ReachKind
from models.ids import Prefix
from tenantry.settings import SettingsError

VARIABLE = "TENANTRY_ISSUERS"
TRUST_KEYS = {"tenant", "issuer", "entra", "audience", "typ", "jwks_uri", "algorithms", "cohorts", "browser"}
BROWSER_KEYS = {"client_id", "scope", "label", "parameters", "origins"}
CLAIMS = {"role_of_issuer": Claim.ROLE, "group": Claim.GROUP, "everyone": Claim.EVERYONE}
NODES = {Prefix.LOCATION: ReachKind.LOCATION, Prefix.ORGANIZATION: ReachKind.ORGANIZATION}


def read_trusts(file: Path | None) -> tuple[Trust, ...]:
    """What the file says; nothing where there is none.

    Raises:
        SettingsError: it names the place and the fix.
    """
    if file is None:
        return ()
    try:
        given = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise SettingsError(f"{VARIABLE}: {file} is not readable as JSON: {error}") from None
    if not isinstance(given, list):
        raise SettingsError(f"{VARIABLE}: {file} has to be a list of objects.")
    trusts = []
    for number, each in enumerate(given):
        try:
            trusts.append(_trust(each))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise SettingsError(f"{VARIABLE}: {file}, entry {number + 1}: {why}") from None
    urls = [trust.issuer.url for trust in trusts]
    twice = next((url for url in urls if urls.count(url) > 1), None)
    if twice is not None:
        raise SettingsError(f"{VARIABLE}: {file}: {twice} is there twice: an issuer's people belong to one tenant.")
    return tuple(trusts)


def _trust(given: dict[str, Any]) -> Trust:
    _refuse_unknown(given, TRUST_KEYS)
    if "entra" in given:
        issuer = entra(given["entra"], given["audience"])
    else:
        issuer = Issuer(
            given["issuer"],
            given["audience"],
            algorithms=frozenset(given.get("algorithms", RS256)),
            typ=TypPolicy(given.get("typ", TypPolicy.ACCESS_TOKEN)),
            jwks_uri=given.get("jwks_uri"),
        )
    cohorts = tuple(_cohort(each) for each in given["cohorts"])
    return Trust(str(given["tenant"]), issuer, cohorts, _browser(given.get("browser"), issuer))


def _browser(given: dict[str, Any] | None, issuer: Issuer) -> BrowserClient | None:
    if given is None:
        return None
    _refuse_unknown(given, BROWSER_KEYS)
    client_id, parameters, origins = given["client_id"], given.get("parameters", {}), given.get("origins", [])
    scope, label = given.get("scope", scope_of(issuer)), given.get("label", urlsplit(issuer.url).netloc)
    if not isinstance(parameters, dict) or not isinstance(origins, list):
        raise TypeError("the parameters of a browser are an object, its origins a list")
    if not all(isinstance(each, str) for each in (client_id, scope, label, *parameters.values(), *origins)):
        raise TypeError("all that is said of a browser is text")
    return BrowserClient(issuer, client_id, scope, label, parameters, tuple(origins))


def _refuse_unknown(given: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(given.keys() - known)
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not known; there are {', '.join(sorted(known))}")


def _cohort(given: dict[str, Any]) -> Cohort:
    claims = sorted(given.keys() & CLAIMS.keys())
    unknown = sorted(given.keys() - CLAIMS.keys() - {"role", "node"})
    if unknown or len(claims) != 1:
        raise ValueError(f"a cohort has a role and one of {', '.join(CLAIMS)}, and maybe a node: {given}")
    if given["role"] not in BY_KEY:
        raise ValueError(f"{given['role']!r} is no role; there are {', '.join(BY_KEY)}")
    return Cohort(CLAIMS[claims[0]], str(given[claims[0]]), BY_KEY[given["role"]], _node(given.get("node")))


def _node(text: str | None) -> Node | None:
    if text is None:
        return None
    named = ids.decode(text)
    if named is None or named[0] not in NODES:
        raise ValueError(f"{text!r} is no id of a location or organization")
    return Node(NODES[named[0]], named[1])
