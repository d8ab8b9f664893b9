"""The explorer as it is served: its page, its policy, and the vendored files that it is made of."""

import hashlib
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from auth.scopes import Scope
from models.clock import Clock
from schema.graph import Graph
from tenantry.databases import Databases
from tenantry.graphiql import FOLDER
from tests.ask import Ask, caller_of
from tests.estate import Estate
from tests.following import HeldStanding, following, write_events
from tests.http import client_of

VENDORED: dict[str, Any] = json.loads((FOLDER / "vendor.json").read_text())
CARRIED = {asset["file"]: asset for asset in VENDORED["assets"]}
MODULES = {"account.js", "events.js", "examples.js", "sign_in.js", "storage.js"}  # imported from beside themselves
OURS = {"index.html", "explorer.js", "explorer.css", "icon.svg"} | MODULES
RECORDS = {"vendor.json", VENDORED["licences"]["file"]}
EXAMPLE = re.compile(r"query: `([^`]*)`,(?:\s*variables: `([^`]*)`)?")
EXAMPLES = EXAMPLE.findall((FOLDER / "examples.js").read_text())
FOLLOWED = [each for each in EXAMPLES if "subscription" in each[0]]
ANSWERED = [each for each in EXAMPLES if each not in FOLLOWED]
READS = [scope for scope in Scope if scope.startswith("tenant.") and scope.endswith(".read")]


def named(example: tuple[str, str]) -> str:
    """The operation's name."""
    found: list[str] = re.findall(r"(?:query|mutation) (\w+)", example[0])
    return found[0]


@pytest.fixture
async def stranger(databases: Databases, graph: Graph, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """A browser before anybody has typed a token."""
    async with client_of(databases, graph, clock, None) as opened:
        yield opened


def addresses(page: httpx.Response) -> list[str]:
    """What the page loads."""
    return re.findall(r'(?:src|href)="([^"]+)"', page.text)


async def asset(stranger: httpx.AsyncClient, name: str, **headers: str) -> httpx.Response:
    """One of the assets, at the address where the page's own are."""
    folder = addresses(await stranger.get("/graphiql"))[0].rpartition("/")[0]
    return await stranger.get(f"{folder}/{name}", headers={name.replace("_", "-"): at for name, at in headers.items()})


async def test_the_page_is_shown_to_anyone_with_a_strict_policy(stranger: httpx.AsyncClient) -> None:
    """It holds no data; what it may load, run, frame and send is written out."""
    page = await stranger.get("/graphiql")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    nonce = re.findall(r'nonce="([^"]+)"', page.text)[0]
    assert page.headers["content-security-policy"].split("; ") == [
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' 'nonce-{nonce}'",
        "connect-src 'self'",
        "font-src data:",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "no-store"


async def test_a_nonce_is_used_once(stranger: httpx.AsyncClient) -> None:
    """Or whoever saw one could style the next page."""
    pages = [await stranger.get("/graphiql") for _ in range(2)]
    assert len({page.headers["content-security-policy"] for page in pages}) == 2


async def test_everything_that_the_page_loads_is_served_and_kept_for_ever(stranger: httpx.AsyncClient) -> None:
    """From this server alone, each with its type, under an address that changes with the files."""
    found = addresses(await stranger.get("/graphiql"))
    assert {address.rpartition("/")[2] for address in found} == (set(CARRIED) | OURS) - MODULES - {"index.html"}
    types = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
    for address in found:
        answer = await stranger.get(address)
        assert answer.status_code == 200, address
        assert answer.content == (FOLDER / address.rpartition("/")[2]).read_bytes()
        assert answer.headers["content-type"] == types[address.rpartition(".")[2]]
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; ")


async def test_what_a_module_imports_lies_beside_it(stranger: httpx.AsyncClient) -> None:
    """Relative addresses, so that they carry the digest too."""
    modules = ((FOLDER / name).read_text() for name in {"explorer.js"} | MODULES)
    assert {name for text in modules for name in re.findall(r'from "\./([^"]+)"', text)} == MODULES
    for name in MODULES:
        assert (await asset(stranger, name)).status_code == 200


async def test_an_asset_is_compressed_for_who_can_read_that(stranger: httpx.AsyncClient) -> None:
    """The whole explorer is a third of its size on the way."""
    plain = await asset(stranger, "graphiql.min.js", accept_encoding="identity")
    small = await asset(stranger, "graphiql.min.js", accept_encoding="gzip")
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert small.headers["vary"] == "accept-encoding"
    assert int(small.headers["content-length"]) < len(plain.content) / 2
    assert small.content == plain.content


async def test_an_asset_that_is_had_already_is_not_sent_again(stranger: httpx.AsyncClient) -> None:
    """The tag of the answer, sent back, gets an empty 304."""
    etag = (await asset(stranger, "explorer.css")).headers["etag"]
    again = await asset(stranger, "explorer.css", if_none_match=etag)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)


@pytest.mark.parametrize("name", ["vendor.json", "index.html", "none.js", "..%2fapp.py", "%2e%2e/renew.py"])
async def test_there_is_nothing_else(stranger: httpx.AsyncClient, name: str) -> None:
    """Only the assets have addresses."""
    answer = await asset(stranger, name)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (404, "NOT_FOUND")


async def test_the_page_is_only_read(stranger: httpx.AsyncClient) -> None:
    """A POST is for /graphql."""
    answer = await stranger.post("/graphiql")
    assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})


def test_every_file_is_ours_or_recorded() -> None:
    """Nothing of other people's slips in beside `vendor.json`."""
    assert {file.name for file in FOLDER.iterdir()} == OURS | RECORDS | set(CARRIED)


@pytest.mark.parametrize("record", [*VENDORED["assets"], VENDORED["licences"]], ids=lambda record: record["file"])
def test_a_vendored_file_is_the_one_that_was_recorded(record: dict[str, Any]) -> None:
    """Its checksum holds; `web/renew.py` writes both."""
    assert hashlib.sha256((FOLDER / record["file"]).read_bytes()).hexdigest() == record["sha256"]


@pytest.mark.parametrize("record", CARRIED.values(), ids=CARRIED)
def test_a_vendored_file_has_its_licence_beside_it(record: dict[str, Any]) -> None:
    """The names of the licences are recorded, and the texts travel along."""
    texts = (FOLDER / VENDORED["licences"]["file"]).read_text()
    assert record["licence"].startswith("MIT")
    assert re.search(rf"^={{80}}\n(.*, )?{re.escape(record['package'])}(, .*)?\n", texts, re.MULTILINE)
    for words in ("Apache License", "SIL OPEN FONT LICENSE", "Permission is hereby granted, free of charge"):
        assert words in texts


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_own_files_name_no_other_host(name: str) -> None:
    """Everything is relative; a namespace is a name, not an address."""
    text = (FOLDER / name).read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"""https?:|["'(]//""", text)


def test_nothing_of_the_page_stands_in_line() -> None:
    """Neither scripts nor styles: the policy would stop them."""
    page = (FOLDER / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script>", page)
    assert not re.search(r"\beval\(|new Function\(", (FOLDER / "graphiql.min.js").read_text())


def test_every_example_is_found() -> None:
    """The pattern above sees all of them; they are written alike."""
    assert len(EXAMPLES) == (FOLDER / "examples.js").read_text().count("query: `") >= 5


@pytest.mark.parametrize(("query", "variables"), ANSWERED, ids=map(named, ANSWERED))
async def test_an_example_is_answered(ask: Ask, acme: Estate, query: str, variables: str) -> None:
    """As it stands, for a caller that may read its tenant and, where it changes something, write it."""
    writes = [Scope.LOCATIONS_WRITE] if "mutation" in query else []
    outcome = await ask(acme, query, *READS, *writes, **json.loads(variables or "{}"))
    assert (outcome.status, outcome.errors) == (200, [])


async def test_the_example_that_follows_is_told_what_happens(
    graph: Graph, databases: Databases, acme: Estate, clock: Clock
) -> None:
    """As it stands, too."""
    (query, variables), *others = FOLLOWED
    reads = HeldStanding(caller_of(acme.tenant, clock, frozenset(READS)))
    async with following(graph, reads, query, **json.loads(variables)) as reader:
        await write_events(databases, acme, clock)
        assert (await reader.event())["thingId"] == acme.ids["Device"]
    assert others == []
