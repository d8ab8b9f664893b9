"""What headers present: one token, none, or something that could be read in two ways."""

import pytest

from auth.codes import Code, Refusal
from auth.credentials import Headers, presented_token

TOKEN = b"tnt_svc_0123456789ABCDEFGHIJKLMNOPQRSTUV0opWdM"


def refused(headers: Headers) -> Refusal:
    """The refusal that these headers meet."""
    with pytest.raises(Refusal) as refusal:
        presented_token(headers)
    return refusal.value


def challenge_of(refusal: Refusal) -> str:
    """What WWW-Authenticate says."""
    return dict(refusal.headers)["www-authenticate"]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"cookie", b"token=" + TOKEN)],
        [(b"authorization", b"Basic dXNlcjpwYXNzd29yZA==")],
        [(b"authorization", b"Token " + TOKEN)],
        [(b"authorization", b"BearerX " + TOKEN)],
        [(b"authorization", TOKEN)],
    ],
)
def test_no_credentials_are_challenged_without_an_error(headers: Headers) -> None:
    """401 and the challenge; its `error` is only for those who sent a token (RFC 6750, 3.1)."""
    refusal = refused(headers)
    assert refusal.code is Code.UNAUTHENTICATED
    assert refusal.code.status == 401
    assert challenge_of(refusal) == 'Bearer realm="tenantry"'


@pytest.mark.parametrize(
    "headers",
    [
        [(b"authorization", b"Bearer " + TOKEN), (b"authorization", b"Bearer " + TOKEN)],
        [(b"x-auth-token", TOKEN), (b"x-auth-token", TOKEN)],
        [(b"authorization", b"Bearer " + TOKEN), (b"x-auth-token", TOKEN)],
        [(b"authorization", b"Basic dXNlcjpwYXNzd29yZA=="), (b"x-auth-token", TOKEN)],
        [(b"authorization", b""), (b"x-auth-token", TOKEN)],
        [(b"authorization", b"")],
        [(b"authorization", b"Bearer")],
        [(b"authorization", b"Bearer  ")],
        [(b"authorization", b"Bearer " + TOKEN + b", Bearer " + TOKEN)],
        [(b"authorization", b"Bearer " + TOKEN + b"," + TOKEN)],
        [(b"authorization", b"Bearer " + TOKEN + b" " + TOKEN)],
        [(b"x-auth-token", b"")],
        [(b"x-auth-token", b" \t")],
        [(b"x-auth-token", TOKEN + b"," + TOKEN)],
        [(b"x-auth-token", b"Bearer " + TOKEN)],
    ],
)
def test_doubtful_credentials_are_refused(headers: Headers) -> None:
    """Twice, blank, a list, two kinds at once: 400, never "first wins"."""
    refusal = refused(headers)
    assert refusal.code is Code.BAD_REQUEST
    assert challenge_of(refusal).startswith('Bearer realm="tenantry", error="invalid_request", error_description=')


@pytest.mark.parametrize(
    "header",
    [
        (b"authorization", b"Bearer " + TOKEN),
        (b"authorization", b"bearer " + TOKEN),
        (b"authorization", b"  BEARER   " + TOKEN + b" "),
        (b"x-auth-token", TOKEN),
        (b"x-auth-token", b" " + TOKEN + b"\t"),
    ],
)
def test_one_credential_presents_its_token(header: tuple[bytes, bytes]) -> None:
    """Among other headers; schemes have no case, blanks around a value are not part of it (RFC 9110, 5.5, 11.1)."""
    assert presented_token([(b"host", b"localhost"), header, (b"accept", b"*/*")]) == TOKEN.decode()


def test_a_challenge_fits_into_a_header() -> None:
    """Whatever is refused, the challenge is ASCII and its quoted strings hold no quotes (RFC 9110, 5.5)."""
    for headers in ([], [(b"x-auth-token", b"")], [(b"x-auth-token", b""), (b"authorization", b"")]):
        said = challenge_of(refused(headers))
        assert said.isascii()
        assert said.count('"') == 2 * said.count("=")
