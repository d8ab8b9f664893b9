"""What may enter a record: no secret in any place, and one spelling of everything."""

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.token import TOKEN_PATTERN, mint
from models.audit import AuditAction, AuditOutcome
from resolvers.auditing import ABSENT, Actor, Changed, Record, Target, append_apart, changed_fields
from resolvers.auditing.canonical import canonical
from resolvers.auditing.checking import check
from resolvers.auditing.redaction import REDACTED, is_secret, plain
from tenantry.databases import Databases
from tests.auditing import RECORDS, VALUES, rows_of
from tests.clock import HeldClock
from tests.estate import Estate

TOKEN = mint().reveal()


@pytest.mark.parametrize(
    "name",
    [
        "secret", "client_secret", "clientSecret", "password", "Passwd", "token", "refresh_token", "accessToken",
        "private_key", "privateKey", "api-key", "apiKey", "signing_key", "key_material", "credentials", "Authorization",
        "cookie", "pin", "door_pin", "passphrase",
    ],
)  # fmt: skip
def test_a_field_named_like_a_secret_is_one(name: str) -> None:
    """Whatever it holds, however deep, before and after."""
    assert plain(name, "hunter2") == REDACTED
    assert plain("settings", {"mail": [{name: "hunter2"}]}) == {"mail": [{name: REDACTED}]}
    assert plain(name, None) is None


@pytest.mark.parametrize(
    "name", ["key", "name", "token_id", "tokenId", "token_expires_at", "tokenName", "pinned", "shipping", "keyboard"]
)
def test_a_field_that_tells_of_a_secret_is_none(name: str) -> None:
    """The key of an organization is its name in addresses; a token's id is shown to everybody who lists it."""
    assert not is_secret(name)


async def test_no_token_gets_into_the_audit(databases: Databases, acme: Estate, clock: HeldClock) -> None:
    """Not in any text of a record or value, nor as the name of a field or of something in it."""
    spread = Record(
        Actor(f"K {TOKEN}", TOKEN, f"name {TOKEN}"),
        AuditAction.ACCESS_REFUSED,
        Target(TOKEN, f"id:{TOKEN}"),
        AuditOutcome.REFUSED,
        {f"at {TOKEN}": Changed(f"Bearer {TOKEN}", {TOKEN: [TOKEN]}), "note": Changed(b"raw", (TOKEN,))},
        request_id=TOKEN,
        address=TOKEN,
    )
    await append_apart(databases.app, clock, acme.tenant.id, [spread])
    rows = [*await rows_of(databases, RECORDS, acme.tenant.id), *await rows_of(databases, VALUES, acme.tenant.id)]
    assert len(rows) == 3
    assert not re.search(TOKEN_PATTERN, repr(rows))
    assert repr(rows).count(REDACTED) >= 10
    assert (await check(databases.app, acme.tenant.id)).ok


async def test_text_that_cannot_be_stored_is_recorded_all_the_same(
    databases: Databases, acme: Estate, clock: HeldClock
) -> None:
    """NUL and lone surrogates come from hostile requests, which are refused: just those must be recorded."""
    hostile = "a\x00b\ud800c"
    told = Record(
        Actor("ANONYMOUS", hostile, hostile),
        AuditAction.ACCESS_REFUSED,
        Target(hostile, hostile),
        AuditOutcome.REFUSED,
        {hostile: Changed(hostile, {hostile: [hostile]})},
        request_id=hostile,
        address=hostile,
    )
    await append_apart(databases.app, clock, acme.tenant.id, [told])
    [row] = await rows_of(databases, RECORDS, acme.tenant.id)
    assert row["request_id"] == "a\ufffdb\ufffdc"
    assert (await check(databases.app, acme.tenant.id)).ok


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (AuditOutcome.FAILED, "FAILED"),
        (Decimal("1.50"), "1.50"),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), "2026-03-01T12:00:00+00:00"),
        (date(2026, 3, 1), "2026-03-01"),
        ({"b", "a"}, ["a", "b"]),
        ((1, None, True), [1, None, True]),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (b"\x00", REDACTED),
        (1.5, 1.5),
    ],
)
def test_values_are_plain_json(value: Any, shown: Any) -> None:
    """Whatever a column can hold has a spelling."""
    assert plain("field", value) == shown


def test_names_are_sorted_as_rfc_8785_sorts_them() -> None:
    """Its own example: by UTF-16 code units, where an emoji comes before a Hebrew letter's presentation form."""
    given_names = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert list(json.loads(canonical(given_names)).values()) == [2, 4, 6, 7, 1, 5, 3]


def test_text_is_escaped_as_rfc_8785_escapes_it() -> None:
    """Control characters, quotes and backslashes, and nothing else."""
    assert canonical("\u20ac$\u000f\nA'B\"\\/\x7f") == '"\u20ac$\\u000f\\nA\'B\\"\\\\/\x7f"'


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(PLAIN)
def test_the_canonical_text_of_what_was_read_back_is_the_same(value: Any) -> None:
    """So that an export can be digested again."""
    text = canonical(value)
    assert canonical(json.loads(text)) == text


def test_only_what_differs_is_recorded() -> None:
    """A field that was not there is another thing than one that was null."""
    before, after = {"name": "A", "floor": None, "code": 1}, {"name": "B", "floor": None, "code": 1}
    assert changed_fields(before, after, ["name", "floor", "code"]) == {"name": Changed("A", "B")}
    assert changed_fields(None, {"floor": None}, ["floor"]) == {"floor": Changed(ABSENT, None)}
    assert changed_fields({"floor": 1}, None, ["floor", "name"]) == {"floor": Changed(1, ABSENT)}


@pytest.mark.parametrize("action", AuditAction)
def test_actions_are_a_noun_and_what_was_done_to_it(action: AuditAction) -> None:
    """`device.created`: words in lower case, the verb in its past form."""
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z]+ed", action)
    assert action.name == action.value.replace(".", "_").upper()
