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
