"""The published form of a token: what fits it, and that nothing else does."""

import hashlib
import operator
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.token import (
    ALPHABET,
    RANDOM_LENGTH,
    TOKEN_PATTERN,
    TokenPrefix,
    checksum,
    digest,
    is_well_formed,
    mint,
)

# Frozen: scanners and other people's code know this form.
PUBLISHED = "tnt_svc_0123456789ABCDEFGHIJKLMNOPQRSTUV0opWdM"

BODIES = st.builds(
    operator.add,
    st.sampled_from(TokenPrefix),
    st.text(ALPHABET, min_size=RANDOM_LENGTH, max_size=RANDOM_LENGTH),
)
TOKENS = BODIES.map(lambda body: body + checksum(body))


@given(st.text() | st.from_regex(TOKEN_PATTERN, fullmatch=True))
def test_garbage_is_refused_without_an_exception(text: str) -> None:
    """Whatever the text, made-up tokens of the right shape included, it is refused and nothing is raised."""
    assert not is_well_formed(text)


@given(st.data(), TOKENS)
def test_any_one_character_change_is_refused(data: st.DataObject, token: str) -> None:
    """The checksum covers the prefix, the random part and itself."""
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(exclude_characters=token[at]))
    assert not is_well_formed(token[:at] + other + token[at + 1 :])


@given(TOKENS, st.integers(0, 45), st.text(min_size=1))
def test_a_token_with_something_lost_or_added_is_refused(token: str, at: int, more: str) -> None:
    """Neither a part of a token nor a token within other text is one."""
    assert not is_well_formed(token[:at])
    assert not is_well_formed(token[at + 1 :])
    assert not is_well_formed(token + more)
    assert not is_well_formed(more + token)


def test_the_published_form_does_not_change() -> None:
    """A token made by any version is one for ever."""
    assert is_well_formed(PUBLISHED)


@pytest.mark.parametrize("prefix", TokenPrefix)
def test_a_minted_token_is_found_by_the_published_pattern(prefix: TokenPrefix) -> None:
    """A scanner that knows the pattern finds the token in any text, whole."""
    token = mint(prefix).reveal()
    assert is_well_formed(token)
    assert re.search(TOKEN_PATTERN, f"export TOKEN={token}; run").group() == token  # type: ignore[union-attr]


def test_no_two_tokens_are_alike() -> None:
    """The random part is really drawn."""
    assert len({mint().reveal() for _ in range(1000)}) == 1000


def test_a_secret_does_not_show_itself() -> None:
    """Neither a log line nor a traceback can carry a token by accident."""
    secret = mint()
    assert secret.reveal()[8:] not in f"{secret} {secret!r} {[secret]}"


def test_a_token_is_sought_by_its_sha_256() -> None:
    """The digest is the plain SHA-256 of the whole text."""
    assert digest(PUBLISHED) == hashlib.sha256(PUBLISHED.encode()).digest()
