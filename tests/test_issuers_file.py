"""The file of trusted issuers: what it says, and how each fault of it is told at start-up."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from auth.oidc.trust import Claim
from auth.roles import BUILT_IN
from models.hierarchy import ReachKind
from tenantry.issuers import read_trusts
from tenantry.settings import SettingsError

DOCS = Path(__file__).parent.parent / "docs" / "sign-in.md"
GOOD: dict[str, Any] = {
    "tenant": "acme",
    "issuer": "https://login.example",
    "audience": "tenantry",
    "cohorts": [{"everyone": True, "role": "viewer"}],
}


def file_of(folder: Path, *entries: Any) -> Path:
    """A file that says this."""
    file = folder / "issuers.json"
    file.write_bytes(orjson.dumps(list(entries)))
    return file


def test_without_a_file_nobody_signs_in() -> None:
    """It is a choice to trust an issuer."""
    assert read_trusts(None) == ()


def test_the_example_of_the_page_is_read(tmp_path: Path) -> None:
    """As printed."""
    example = DOCS.read_text().split("```json\n")[1].split("```")[0]
    (tmp_path / "issuers.json").write_text(example)
    acme, globex = read_trusts(tmp_path / "issuers.json")
    assert [cohort.claim for cohort in acme.cohorts] == [Claim.GROUP, Claim.ROLE, Claim.EVERYONE]
    assert acme.cohorts[1].node is not None
    assert acme.cohorts[1].node.kind is ReachKind.LOCATION
    assert acme.browser is not None
    assert acme.browser.origins == ("https://login.acme.example", "https://token.acme.example")
    assert globex.browser is not None
    assert globex.browser.scope == "openid profile api://3d6a1f5e-9c55-4f5e-8a2d-6e0f7c1b4e44/.default"
    assert globex.issuer.url == "https://login.microsoftonline.com/5f2c6c1e-0d4e-4c8a-9a54-0b9f6f0c1a11/v2.0"


def test_the_page_lists_every_role() -> None:
    """A role that is added is added there."""
    page = DOCS.read_text()
    assert [role.key for role in BUILT_IN if f"| `{role.key}` |" not in page] == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colour": "red"}, "'colour' is not known"),
        ({"issuer": "http://login.example"}, "https"),
        ({"audience": ""}, "audience"),
        ({"algorithms": ["HS256"]}, "algorithms"),
        ({"typ": "jwt+at"}, "jwt+at"),
        ({"entra": "not-a-guid"}, "GUID"),
        ({"cohorts": [{"role": "viewer"}]}, "a cohort has a role and one of"),
        ({"cohorts": [{"everyone": True, "role": "king"}]}, "'king' is no role"),
        ({"cohorts": [{"everyone": True, "role": "viewer", "node": "dev_1"}]}, "no id of a location or organization"),
        ({"cohorts": 1}, "entry 1"),
    ],
)
def test_a_fault_names_its_entry_and_what_is_wrong(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    """The server does not start with half of it."""
    with pytest.raises(SettingsError) as error:
        read_trusts(file_of(tmp_path, {**GOOD, **change}))
    assert "TENANTRY_ISSUERS" in str(error.value)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_secret": "x"}, "'client_secret' is not known; there are client_id, label, origins"),
        ({"client_id": " "}, "client_id"),
        ({"client_id": 1}, "text"),
        ({"label": "a" * 61}, "60"),
        ({"label": "a\nb"}, "label"),
        ({"scope": "profile"}, "openid"),
        ({"parameters": {"state": "mine"}}, "'state' of a browser is for the explorer to say"),
        ({"parameters": {"resource": ["a", "b"]}}, "text"),
        ({"parameters": ["resource"]}, "an object"),
        ({"origins": "https://token.example"}, "a list"),
        ({"origins": ["http://token.example"]}, "https://host"),
        ({"origins": ["http://localhost:8080"]}, "https://host"),
        ({"origins": ["https://token.example/path"]}, "https://host"),
        ({"origins": ["https://*.example"]}, "https://host"),
        ({"origins": ["https://token.example; script-src *"]}, "https://host"),
        ({"origins": ["'unsafe-inline'"]}, "https://host"),
    ],
)
def test_a_fault_of_a_browser_is_told_like_any_other(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    """Nothing but origins gets into the policy of the page."""
    with pytest.raises(SettingsError, match="entry 1: ") as error:
        read_trusts(file_of(tmp_path, {**GOOD, "browser": {"client_id": "explorer", **change}}))
    assert words in str(error.value)


def test_an_issuer_whose_origin_no_policy_can_name_is_not_for_browsers(tmp_path: Path) -> None:
    """Its tokens are taken all the same, from programs."""
    odd = {**GOOD, "issuer": "https://login;example"}
    assert len(read_trusts(file_of(tmp_path, odd))) == 1
    with pytest.raises(SettingsError, match="no origin that a browser can be told of"):
        read_trusts(file_of(tmp_path, {**odd, "browser": {"client_id": "explorer"}}))


def test_a_browser_needs_a_client(tmp_path: Path) -> None:
    """The one thing that has no default."""
    with pytest.raises(SettingsError, match="'client_id' is missing"):
        read_trusts(file_of(tmp_path, {**GOOD, "browser": {}}))


@pytest.mark.parametrize("missing", ["tenant", "issuer", "audience", "cohorts"])
def test_what_is_missing_is_named(tmp_path: Path, missing: str) -> None:
    """By its key."""
    given = {key: value for key, value in GOOD.items() if key != missing}
    with pytest.raises(SettingsError, match=f"'{missing}' is missing"):
        read_trusts(file_of(tmp_path, given))


def test_an_issuer_belongs_to_one_tenant(tmp_path: Path) -> None:
    """Or a person would be in whichever came first."""
    with pytest.raises(SettingsError, match="is there twice"):
        read_trusts(file_of(tmp_path, GOOD, {**GOOD, "tenant": "globex"}))


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    """With its path."""
    with pytest.raises(SettingsError, match=r"nowhere\.json"):
        read_trusts(tmp_path / "nowhere.json")
