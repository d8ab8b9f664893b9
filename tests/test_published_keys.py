"""`/.well-known/tenantry-keys.json`: the public keys for everybody, the private one for nobody."""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from models.clock import Clock
from resolvers.auditing.archive import Archive
from resolvers.auditing.keys import PRIVATE, Keys
from resolvers.auditing.ports import Unreadable
from schema.graph import Graph
from tenantry.databases import Databases
from tests.http import SETTINGS, client_of, code

ADDRESS = "/.well-known/tenantry-keys.json"


def entries(folder: Path) -> list[Path]:
    """What a folder holds."""
    return list(folder.iterdir())


@pytest.fixture
async def stranger(
    databases: Databases, graph: Graph, clock: Clock, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token, of a server whose home is this test's own."""
    async with client_of(databases, graph, clock, None, replace(SETTINGS, home=tmp_path)) as opened:
        yield opened


async def test_the_private_key_is_never_published(stranger: httpx.AsyncClient, tmp_path: Path) -> None:
    """Not in any spelling of its bytes."""
    keys = Keys(tmp_path / "audit" / "keys")
    text = (await stranger.get(ADDRESS)).text
    assert keys.key_id in text
    secret = keys._key.private_bytes_raw()
    pem = (tmp_path / "audit" / "keys" / PRIVATE).read_text().splitlines()[1]
    for spelled in (secret.hex(), base64.urlsafe_b64encode(secret).rstrip(b"=").decode(), pem):
        assert spelled not in text
    assert '"d"' not in text


async def test_without_a_folder_there_are_no_keys(stranger: httpx.AsyncClient, tmp_path: Path) -> None:
    """An empty set, and asking makes no folder."""
    response = await stranger.get(ADDRESS)
    assert (response.status_code, response.json()) == (200, {"keys": []})
    assert entries(tmp_path) == []


async def test_every_public_key_is_there_and_may_be_kept_for_minutes(
    stranger: httpx.AsyncClient, tmp_path: Path
) -> None:
    """Old ones too, as a JSON Web Key Set (RFC 8037) that verifies what was signed."""
    keys = Keys(tmp_path / "audit" / "keys")
    old, signature = keys.key_id, keys.sign(b"a checkpoint")
    keys.rotate()
    response = await stranger.get(ADDRESS)
    found = {each["kid"]: each for each in response.json()["keys"]}
    assert set(found) == {old, keys.key_id}
    assert {tuple(each[name] for name in ("kty", "crv", "alg", "use")) for each in found.values()} == {
        ("OKP", "Ed25519", "EdDSA", "sig")
    }
    raw = base64.urlsafe_b64decode(found[old]["x"] + "=")
    Ed25519PublicKey.from_public_bytes(raw).verify(signature, b"a checkpoint")
    assert response.headers["cache-control"] == "public, max-age=300"
    assert response.headers["content-type"].startswith("application/json")


async def test_a_folder_that_cannot_be_read_is_no_empty_set(stranger: httpx.AsyncClient, tmp_path: Path) -> None:
    """503, which nobody keeps, and no word of where the folder is."""
    folder = tmp_path / "audit" / "keys"
    Keys(folder)
    (folder / "0123456789abcdef.pub.pem").write_text("no key")
    response = await stranger.get(ADDRESS)
    assert (response.status_code, code(response)) == (503, "UNAVAILABLE")
    assert response.headers["cache-control"] == "no-store"
    assert str(tmp_path) not in response.text


async def test_keys_are_read_from_disk_every_few_seconds_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often they are asked for, and also where they cannot be read."""
    now = 1000.0
    monkeypatch.setattr("resolvers.auditing.archive.monotonic", lambda: now)
    archive = Archive(tmp_path, fresh=5.0)
    assert await archive.keys() == {}
    first = Keys(tmp_path / "keys")
    assert await archive.keys() == {}
    now += 5.0
    assert set(await archive.keys()) == {first.key_id}
    bad = tmp_path / "keys" / "0123456789abcdef.pub.pem"
    bad.write_text("no key")
    assert set(await archive.keys()) == {first.key_id}
    now += 5.0
    for _ in range(2):
        with pytest.raises(Unreadable, match="restore it"):
            await archive.keys()
        bad.unlink(missing_ok=True)
    now += 5.0
    assert set(await archive.keys()) == {first.key_id}
