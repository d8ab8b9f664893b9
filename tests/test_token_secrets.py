"""Secrets of tokens: shown once, kept nowhere, and verified by whoever may read the tokens of their tenant."""

import hashlib
import logging
from datetime import timedelta

import pytest
from sqlalchemy import text

from auth.authentication import Authenticator
from auth.principal import Principal
from auth.scopes import Scope
from auth.token import is_well_formed, mint
from tenantry.databases import Databases
from tests.ask import Ask
from tests.clock import HeldClock
from tests.estate import Estate
from tests.sql import statements
from tests.tokens import CREATE, READ, ROTATE, VERIFY, change, created, shows


@pytest.fixture
def authenticator(databases: Databases, clock: HeldClock) -> Authenticator:
    """As a server makes it."""
    return Authenticator(databases.platform, clock)


async def test_a_neighbours_text_is_as_unknown_as_one_that_never_was(ask: Ask, acme: Estate, globex: Estate) -> None:
    """Garbage too: the same bytes, and it costs no look-up; that it was asked is recorded."""
    theirs = (await created(ask, globex))["secret"]
    answers = [
        (await ask(acme, VERIFY, Scope.TOKENS_READ, text=each)).answer for each in (theirs, mint().reveal(), "garbage")
    ]
    assert answers == answers[:1] * 3
    with statements() as sent:
        await ask(acme, VERIFY, Scope.TOKENS_READ, text="garbage")
    assert [statement.split()[0] for statement in sent] == ["WITH"]
    assert "credential" not in "".join(sent)


async def test_a_text_is_verified_as_a_variable_alone(
    ask: Ask, acme: Estate, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Documents are kept and logged, variables are not: the text is in no log line, whatever becomes of the request."""
    made = await created(ask, acme)
    caplog.set_level(logging.DEBUG)
    outcome = await ask(acme, f'{{ verifyToken(token: "{made["secret"]}") {{ state }} }}', Scope.TOKENS_READ)
    assert outcome.codes == ["BAD_USER_INPUT"]
    await ask(acme, VERIFY, Scope.TOKENS_READ, text=made["secret"])
    await ask(acme, VERIFY, text=made["secret"])
    logged = caplog.text + "".join(capfd.readouterr())
    assert made["secret"] not in logged
    assert made["secret"] not in outcome.answer.body.decode()


async def test_no_table_has_a_secret(ask: Ask, databases: Databases, acme: Estate) -> None:
    """What a thief of the database finds, in every table, kept answers too, is SHA-256 alone."""
    made = await created(ask, acme, clientMutationId="create")
    rotated = await change(ask, acme, ROTATE, id=made["token"]["id"], clientMutationId="rotate")
    # Refusals are kept too, in the audit.
    await ask(acme, VERIFY, text=made["secret"])
    await ask(acme, f'{{ verifyToken(token: "{made["secret"]}") {{ state }} }}')
    async with databases.platform.read(None) as platform, databases.app.read(acme.tenant.id) as app:
        tables = (await platform.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).scalars()
        dump = ""
        for table in tables:
            if table == "alembic_version":
                continue
            reader = platform if table == "credential" else app
            rows = await reader.execute(text(f"SELECT t::text FROM {table} t"))  # noqa: S608  (a table's name)
            dump += "\n".join(rows.scalars())
    for secret in (made["secret"], rotated["secret"]):
        assert hashlib.sha256(secret.encode()).hexdigest() in dump
        assert secret not in dump
        assert secret[8:30] not in dump


@pytest.mark.parametrize("field", [CREATE, ROTATE])
async def test_a_repeated_request_does_not_show_the_secret_again(
    ask: Ask, acme: Estate, field: str, authenticator: Authenticator
) -> None:
    """It gets the token, once made, with a null for its secret; another key gets another token."""
    other = (await created(ask, acme, "other"))["token"]
    given = {"name": "x", "scopes": [READ]} if field == CREATE else {"id": other["id"]}
    first = await change(ask, acme, field, **given, clientMutationId="once")
    again = await change(ask, acme, field, **given, clientMutationId="once")
    assert is_well_formed(first["secret"])
    assert again == {**first, "secret": None}
    assert isinstance(await shows(authenticator, first["secret"]), Principal)
    taken = await change(ask, acme, field, **{**given, "name": "y"} if field == CREATE else {**given, "overlap": 5},
                         clientMutationId="once")  # fmt: skip
    assert taken["__typename"] == "Conflict"


async def test_a_text_is_verified(ask: Ask, acme: Estate, clock: HeldClock) -> None:
    """Good until it ends; then expired; and what it is for is told all along."""
    made = await created(ask, acme, expiresIn=3600)
    with statements() as sent:
        outcome = await ask(acme, VERIFY, Scope.TOKENS_READ, text=made["secret"])
    assert [statement.split()[0] for statement in sent] == ["SELECT", "SELECT", "WITH"]
    good = {"state": "ACTIVE", "goodUntil": "2026-03-01T13:00:00.123Z", "token": made["token"]}
    assert outcome.data == {"verifyToken": good}
    clock.advance(timedelta(hours=1))
    outcome = await ask(acme, VERIFY, Scope.TOKENS_READ, text=made["secret"])
    assert outcome.data == {"verifyToken": {**good, "state": "EXPIRED", "goodUntil": None}}
