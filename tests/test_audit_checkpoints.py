"""Signed checkpoints: what a chain cannot tell of itself is told by what was signed, by whichever key, outside."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from sqlalchemy import delete, update

from models.database import Database
from resolvers.auditing import append_apart
from resolvers.auditing.checking import check, check_on
from resolvers.auditing.checkpoint import read_line
from resolvers.auditing.checkpoints import Notary, gather, make_checkpoint
from resolvers.auditing.hashing import GENESIS, record_hash
from resolvers.auditing.keys import BadKeys, Keys, public_keys, published
from resolvers.auditing.lines import Lines
from tenantry.databases import Databases
from tests.auditing import HEADS, RECORDS, SECOND, VALUES, Office, make_chain, record, rows_of, tampering
from tests.clock import HeldClock
from tests.estate import Estate
from tests.postgres import Urls


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Keys and checkpoints of this test's own."""
    return Office(tmp_path / "audit")


@pytest.fixture
async def superuser(urls: Urls) -> AsyncIterator[Database]:
    """Whom no policy and no grant holds."""
    opened = Database(urls.superuser, pool_size=1)
    yield opened
    await opened.close()


def file_of(tmp_path: Path, estate: Estate) -> Path:
    """Where the tenant's checkpoints are."""
    return tmp_path / "audit" / "checkpoints" / f"{estate.tenant.id}.jsonl"


async def test_a_cut_tail_is_found_although_the_head_was_mended(
    databases: Databases, superuser: Database, acme: Estate, clock: HeldClock, office: Office
) -> None:
    """The chain alone looks whole; the checkpoint counted further. The first missing record is named."""
    tenant_id = acme.tenant.id
    await make_chain(databases, clock, tenant_id, 6)
    await make_checkpoint(databases.app, clock, tenant_id, office.notary)
    evidence = await gather(tenant_id, [office.lines], office.keys.public())
    nothing = await gather(tenant_id, [], {})
    last = (await rows_of(databases, RECORDS, tenant_id))[3]
    async with tampering(superuser, tenant_id) as connection:
        for table in (RECORDS, VALUES):
            await connection.execute(delete(table).where(table.c.tenant_id == tenant_id, table.c.number > 4))
        mended = {name: last[name] for name in ("number", "hash", "at")}
        await connection.execute(update(HEADS).where(HEADS.c.tenant_id == tenant_id).values(mended))
        assert (await check_on(connection, tenant_id, nothing)).ok
        fault = (await check_on(connection, tenant_id, evidence)).fault
    assert fault is not None
    assert fault.number == 5
    assert str(fault).startswith(
        "Record 5: it is missing: it was there when a checkpoint was signed at 2026-03-01T12:00"
    )


async def test_a_chain_that_is_gone_with_its_head_is_found(
    databases: Databases, superuser: Database, acme: Estate, clock: HeldClock, office: Office
) -> None:
    """As if the tenant had never done anything."""
    tenant_id = acme.tenant.id
    await make_chain(databases, clock, tenant_id, 2)
    await make_checkpoint(databases.app, clock, tenant_id, office.notary)
    evidence = await gather(tenant_id, [office.lines], office.keys.public())
    async with tampering(superuser, tenant_id) as connection:
        for table in (RECORDS, VALUES, HEADS):
            await connection.execute(delete(table).where(table.c.tenant_id == tenant_id))
        fault = (await check_on(connection, tenant_id, evidence)).fault
    assert fault is not None
    assert fault.number == 1


async def test_a_chain_made_anew_is_found(
    databases: Databases, superuser: Database, acme: Estate, clock: HeldClock, office: Office
) -> None:
    """With every hash to fit: the first checkpoint after the edit says otherwise."""
    tenant_id = acme.tenant.id
    for _ in range(3):
        await make_chain(databases, clock, tenant_id, 2)
        await make_checkpoint(databases.app, clock, tenant_id, office.notary)
    evidence = await gather(tenant_id, [office.lines], office.keys.public())
    rows = await rows_of(databases, RECORDS, tenant_id)
    async with tampering(superuser, tenant_id) as connection:
        previous = GENESIS
        for row in rows:
            forged = row | ({"actor_name": "somebody else"} if row["number"] == 3 else {}) | {"prev_hash": previous}
            previous = forged["hash"] = record_hash(previous, forged)
            itself = (RECORDS.c.tenant_id == tenant_id, RECORDS.c.number == row["number"])
            await connection.execute(update(RECORDS).where(*itself).values(forged))
        await connection.execute(update(HEADS).where(HEADS.c.tenant_id == tenant_id).values(hash=previous))
        assert (await check_on(connection, tenant_id, await gather(tenant_id, [], {}))).ok
        fault = (await check_on(connection, tenant_id, evidence)).fault
    assert fault is not None
    assert fault.number == 4
    assert "is another than when a checkpoint was signed" in fault.reason


async def test_a_chain_that_went_on_verifies_against_all_its_checkpoints(
    databases: Databases, acme: Estate, clock: HeldClock, office: Office
) -> None:
    """Nothing is signed twice while nothing is recorded."""
    tenant_id = acme.tenant.id
    assert await make_checkpoint(databases.app, clock, tenant_id, office.notary) is None
    for _ in range(3):
        await make_chain(databases, clock, tenant_id, 2)
        assert await make_checkpoint(databases.app, clock, tenant_id, office.notary) is not None
        assert await make_checkpoint(databases.app, clock, tenant_id, office.notary) is None
    verdict = await office.check(databases, tenant_id)
    assert (verdict.ok, verdict.checkpoints, verdict.records) == (True, 3, 6)


async def test_old_checkpoints_verify_by_the_old_key(
    databases: Databases, acme: Estate, clock: HeldClock, office: Office, tmp_path: Path
) -> None:
    """A rotated key signs no more, and its public half stays."""
    tenant_id = acme.tenant.id
    old = office.keys.key_id
    for _ in range(2):
        await append_apart(databases.app, clock, tenant_id, [record()])
        await make_checkpoint(databases.app, clock, tenant_id, office.notary)
        office.keys.rotate()
    kept = await office.lines.kept(tenant_id)
    assert [each.checkpoint.key_id == old for each in kept] == [True, False]
    assert (await office.check(databases, tenant_id)).ok
    assert set(public_keys(tmp_path / "audit" / "keys")) >= {each.checkpoint.key_id for each in kept}
    assert [file.name for file in (tmp_path / "audit" / "keys").glob("*.pem") if ".pub" not in file.name] == [
        "signing.pem"
    ]


async def test_a_checkpoint_of_an_unknown_key_is_a_fault(
    databases: Databases, acme: Estate, clock: HeldClock, office: Office, tmp_path: Path
) -> None:
    """Whoever can write to the place but not sign proves nothing."""
    tenant_id = acme.tenant.id
    await append_apart(databases.app, clock, tenant_id, [record()])
    stranger = Notary(Keys(tmp_path / "stranger"), [office.lines])
    await make_checkpoint(databases.app, clock, tenant_id, stranger)
    fault = (await office.check(databases, tenant_id)).fault
    assert fault is not None
    assert fault.number == 1
    assert "is not signed by a known key" in fault.reason


async def test_an_edited_checkpoint_is_a_fault(
    databases: Databases, acme: Estate, clock: HeldClock, office: Office, tmp_path: Path
) -> None:
    """Its signature is over every word of it."""
    await make_chain(databases, clock, acme.tenant.id, 2)
    await make_checkpoint(databases.app, clock, acme.tenant.id, office.notary)
    file = file_of(tmp_path, acme)
    whole = file.read_text()
    for word, other in (('"HEAD"', '"BOUNDARY"'), ('"number":2', '"number":1'), ("2026-03-01", "2026-03-02")):
        file.write_text(whole.replace(word, other))
        fault = (await office.check(databases, acme.tenant.id)).fault
        assert fault is not None
        assert "is not signed" in fault.reason


@pytest.mark.parametrize("line", ["{}", "no JSON", "[]", "1", '{"kind": "HEAD"}', "\udcff"])
async def test_a_line_that_is_no_checkpoint_is_told(
    *, databases: Databases, acme: Estate, clock: HeldClock, office: Office, tmp_path: Path, line: str
) -> None:
    """With the file and the line."""
    await make_chain(databases, clock, acme.tenant.id, 1)
    await make_checkpoint(databases.app, clock, acme.tenant.id, office.notary)
    with file_of(tmp_path, acme).open("ab") as file:
        file.write(line.encode(errors="surrogateescape") + b"\n")
    fault = (await office.check(databases, acme.tenant.id)).fault
    assert str(fault) == f"Line 2 of {file_of(tmp_path, acme)} is no checkpoint."


async def test_a_neighbours_checkpoint_is_told(
    *, databases: Databases, acme: Estate, globex: Estate, clock: HeldClock, office: Office, tmp_path: Path
) -> None:
    """A file that took another's place is no evidence."""
    for estate in (acme, globex):
        await make_chain(databases, clock, estate.tenant.id, 1)
    await make_checkpoint(databases.app, clock, globex.tenant.id, office.notary)
    file_of(tmp_path, globex).rename(file_of(tmp_path, acme))
    fault = (await office.check(databases, acme.tenant.id)).fault
    assert "is another tenant's checkpoint" in str(fault)


async def test_a_line_that_a_crash_tore_is_taken_away(
    databases: Databases, acme: Estate, clock: HeldClock, office: Office, tmp_path: Path
) -> None:
    """It was never told to be kept, so it counts for nothing, and the next one does not end on it."""
    tenant_id = acme.tenant.id
    for _ in range(2):
        await make_chain(databases, clock, tenant_id, 1)
        await make_checkpoint(databases.app, clock, tenant_id, office.notary)
        with file_of(tmp_path, acme).open("a") as file:
            file.write('{"at":"2026-03-')
        assert (await office.check(databases, tenant_id)).ok
    assert [each.checkpoint.number for each in await office.lines.kept(tenant_id)] == [1, 2]


async def test_what_was_cut_from_one_place_is_in_another(
    *, databases: Databases, superuser: Database, acme: Estate, clock: HeldClock, office: Office, tmp_path: Path
) -> None:
    """A checkpoint is kept in each place, and all are asked."""
    tenant_id = acme.tenant.id
    elsewhere = Lines(tmp_path / "elsewhere")
    places = [office.lines, elsewhere]
    await make_chain(databases, clock, tenant_id, 2)
    await make_checkpoint(databases.app, clock, tenant_id, Notary(office.keys, places))
    file_of(tmp_path, acme).unlink()
    verdict = await check(databases.app, tenant_id, places, office.keys.public())
    assert (verdict.ok, verdict.checkpoints) == (True, 1)
    # And the place that lost it gets the next one, though nothing was recorded since.
    assert await make_checkpoint(databases.app, clock, tenant_id, Notary(office.keys, places)) is not None


def test_a_private_key_is_its_owners_alone(tmp_path: Path) -> None:
    """From the moment it is made; and one that others can read is not used."""
    folder = tmp_path / "keys"
    Keys(folder)
    private = folder / "signing.pem"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    private.chmod(0o640)
    with pytest.raises(BadKeys, match="chmod 600"):
        Keys(folder)


def test_a_folder_of_keys_is_used_again(tmp_path: Path) -> None:
    """The second process signs with the key that the first one made."""
    assert Keys(tmp_path).key_id == Keys(tmp_path).key_id


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"])
def test_a_spoilt_key_is_told(tmp_path: Path, content: bytes) -> None:
    """And never replaced by a new one unasked."""
    Keys(tmp_path)
    (tmp_path / "signing.pem").write_bytes(content)
    with pytest.raises(BadKeys, match=r"signing\.pem holds no private key"):
        Keys(tmp_path)


def test_a_public_key_under_another_name_is_told(tmp_path: Path) -> None:
    """A key's id is a digest of the key, so that none can be put in another's place."""
    keys, stranger = Keys(tmp_path / "keys"), Keys(tmp_path / "stranger")
    other = (tmp_path / "stranger" / f"{stranger.key_id}.pub.pem").read_bytes()
    (tmp_path / "keys" / f"{keys.key_id}.pub.pem").write_bytes(other)
    with pytest.raises(BadKeys, match="another key than its name says"):
        keys.public()


def test_public_keys_are_published_as_a_key_set(tmp_path: Path) -> None:
    """Old ones too, and nothing of the private ones."""
    keys = Keys(tmp_path)
    old = keys.key_id
    keys.rotate()
    [one, two] = published(keys.public())["keys"]
    assert {one["kid"], two["kid"]} == {old, keys.key_id}
    assert set(one) == {"kty", "crv", "use", "alg", "kid", "x"}
    private = load_pem_private_key((tmp_path / "signing.pem").read_bytes(), password=None)
    raw = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().splitlines()[1]
    assert raw not in str(published(keys.public()))


async def test_a_checkpoint_is_read_as_it_was_written(
    databases: Databases, acme: Estate, clock: HeldClock, office: Office
) -> None:
    """A line says all that was signed."""
    await make_chain(databases, clock, acme.tenant.id, 1)
    clock.advance(SECOND)
    signed = await make_checkpoint(databases.app, clock, acme.tenant.id, office.notary)
    assert signed is not None
    assert read_line(signed.line()) == signed
