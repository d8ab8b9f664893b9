"""`make bench`: who is measured, what each is asked, and that what it runs on is locked."""

import re
from pathlib import Path

import orjson
import pytest
from graphql import GraphQLSchema, parse, validate

from benchmarks.timed.cases import BY_KEY, CASES
from benchmarks.timed.dialects import tenantry
from benchmarks.timed.installing import PEERS, versions
from benchmarks.timed.targets import OURS, TARGETS
from tests.timing import seeded

FOLDERS = sorted(each for each in PEERS.iterdir() if each.is_dir())
ASKED = {case.asked for case in CASES}


def test_our_own_documents_are_valid(built: GraphQLSchema) -> None:
    """Each case's, by the schema as it is today."""
    for asks in tenantry.DIALECT.asks.values():
        assert validate(built, parse(orjson.loads(asks(seeded(), "a-cursor")[0].body)["query"])) == []


def test_one_of_our_servers_answers_each_case() -> None:
    """The bound is moved for one case alone."""
    ours = [target for target in TARGETS if target.key == OURS]
    assert {case: [each.settings for each in ours if each.answers(case)] for case in ASKED} == {
        case: [{"TENANTRY_MAX_NODES": "20000"} if case == "tree10" else {}] for case in ASKED
    }


def test_peers_are_asked_for_as_much_as_we_are() -> None:
    """As many requests in turn; what a peer cannot be asked for is the exception that its dialect tells."""
    lacking = {"postgraphile": {"entities"}, "fastapi": {"tree", "tree10", "entities"}}
    mine = {case: len(asks(seeded(), "a-cursor")) for case, asks in tenantry.DIALECT.asks.items()}
    for target in TARGETS:
        found = {case: len(asks(seeded(), "a-cursor")) for case, asks in target.dialect.asks.items()}
        assert found == {case: many for case, many in mine.items() if case not in lacking.get(target.key, set())}


def test_a_case_with_a_reference_is_of_a_server_that_answers_both() -> None:
    """Otherwise there would be nothing to compare with."""
    assert {case.reference for case in CASES if case.reference} <= BY_KEY.keys()


def test_every_peer_has_a_folder_and_every_folder_a_peer() -> None:
    """Nothing lies about."""
    assert {folder.name for folder in FOLDERS} == {target.key for target in TARGETS if target.key != OURS}


@pytest.mark.parametrize("folder", [each for each in FOLDERS if each.name != "limit"], ids=lambda each: str(each.name))
def test_a_peers_packages_are_locked_with_hashes_and_without_addresses(folder: Path) -> None:
    """Where packages come from is decided by whoever installs; the limit runs in our own environment."""
    if (folder / "package.json").exists():
        lock = orjson.loads((folder / "package-lock.json").read_bytes())
        packages = {name: each for name, each in lock["packages"].items() if name}
        assert all("integrity" in each and "resolved" not in each for each in packages.values())
        asked = orjson.loads((folder / "package.json").read_bytes())
        wanted = asked["dependencies"] | asked.get("optionalDependencies", {})
        assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    else:
        text = (folder / "requirements.txt").read_text()
        assert len(re.findall(r"^[a-z].*==", text, re.MULTILINE)) <= text.count("--hash=sha256:")
        assert "://" not in text


def test_versions_are_told_from_the_locks() -> None:
    """Of every package that the page names."""
    for target in TARGETS:
        assert versions(target.folder, target.packages).keys() == set(target.packages)
