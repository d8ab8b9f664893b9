"""Where a request comes from: never where its caller says, unless a proxy of ours says it."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.addresses import address_of, caller_of
from tenantry.settings import Settings, SettingsError

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def caller(peer: str, *forwarded: str) -> str:
    """Whom a request comes from that this peer sends with these headers."""
    headers = [(b"host", b"here"), *((b"x-forwarded-for", each.encode()) for each in forwarded)]
    return str(caller_of(ip_address(peer), headers, PROXIES))


def test_a_strangers_header_is_not_believed() -> None:
    """Anybody can send it."""
    assert caller("192.0.2.7", "198.51.100.9") == "192.0.2.7"


def test_nobody_is_trusted_unless_it_is_set() -> None:
    """Not even this machine."""
    headers = [(b"x-forwarded-for", b"198.51.100.9")]
    trusted = Settings.from_environment({}).trusted_proxies
    assert caller_of(ip_address("127.0.0.1"), headers, trusted) == ip_address("127.0.0.1")


def test_what_stands_left_of_the_first_stranger_is_not_believed() -> None:
    """The stranger wrote it."""
    assert caller("10.0.0.1", "203.0.113.1, 10.0.0.9, 192.0.2.7") == "192.0.2.7"
    assert caller("10.0.0.1", "203.0.113.1, 192.0.2.7, 10.0.0.2") == "192.0.2.7"


def test_a_header_sent_twice_is_one_list() -> None:
    """The later lines are the nearer hops."""
    assert caller("10.0.0.1", "203.0.113.1", "192.0.2.7, 10.0.0.2") == "192.0.2.7"


@pytest.mark.parametrize(
    "garbage", ["", "unknown", "_hidden", "192.0.2", "192.0.2.7:port", "192.0.2.7.example", "[::1", "é", "::1::"]
)
def test_what_cannot_be_read_is_not_believed(garbage: str) -> None:
    """The last hop that can be read counts, whatever stands left of the garbage."""
    assert caller("10.0.0.1", f"192.0.2.7, {garbage}") == "10.0.0.1"
    assert caller("10.0.0.1", f"192.0.2.7, {garbage}, 10.0.0.2") == "10.0.0.2"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (" 192.0.2.7\t", "192.0.2.7"),
        ("192.0.2.7:50123", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]:50123", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("fe80::7%eth0", "fe80::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
    ],
)
def test_addresses_are_read_as_proxies_write_them(written: str, read: str) -> None:
    """With a port or without, in brackets or not."""
    assert caller("10.0.0.1", written) == read


def test_a_request_that_began_among_our_proxies_comes_from_the_farthest() -> None:
    """Such as a probe."""
    assert caller("10.0.0.1", "10.0.0.3, 10.0.0.2") == "10.0.0.3"


def test_a_proxy_without_the_header_is_the_caller() -> None:
    """There is nobody else to name."""
    assert caller("fd00::1") == "fd00::1"


def test_a_peer_without_an_address_has_none() -> None:
    """A socket in a folder, or a test's."""
    assert address_of({"type": "http"}) is None
    assert address_of({"type": "http", "client": None}) is None
    assert address_of({"type": "http", "client": ("testclient", 50000)}) is None
    assert address_of({"type": "http", "client": ("::ffff:10.0.0.1", 1)}) == ip_address("10.0.0.1")


@pytest.mark.parametrize("text", ["10.0.0.1/8", "0.0.0.0/0", "::/0", "proxy.example", "10.0.0.0/33", "10.0.0.0/8 ::1"])
def test_proxies_that_cannot_be_meant_are_refused(text: str) -> None:
    """Everybody among them: each caller could choose its address."""
    with pytest.raises(SettingsError, match="TENANTRY_TRUSTED_PROXIES must be networks such as"):
        Settings.from_environment({"TENANTRY_TRUSTED_PROXIES": text})


def test_proxies_are_read_as_networks() -> None:
    """A single address is a network of one."""
    read = Settings.from_environment({"TENANTRY_TRUSTED_PROXIES": "10.0.0.0/8, ::1,"}).trusted_proxies
    assert read == (ip_network("10.0.0.0/8"), ip_network("::1/128"))


@given(st.lists(st.text(alphabet=st.characters(codec="latin-1"), max_size=40), max_size=5))
def test_no_header_breaks_it(values: list[str]) -> None:
    """Whatever bytes it holds, an address comes out."""
    headers = [(b"x-forwarded-for", each.encode("latin-1")) for each in values]
    assert caller_of(ip_address("10.0.0.1"), headers, PROXIES) is not None
