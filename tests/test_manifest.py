"""Lists of operations: which files are read, what is told of each that could not run, and the command that looks."""

import json
import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import GraphQLSchema
from typer.testing import CliRunner, Result

from auth.limits import Limits
from schema.documents import Documents
from schema.manifest import faults, read
from schema.safelist import Mode
from tenantry.cli import app
from tenantry.operations_file import read_manifest
from tenantry.settings import Settings, SettingsError
from tests.persisting import hash_of
from tests.postgres import Urls
from tests.serving import environment, run_command

DEVICES = "query Devices { devices(first: 5) { nodes { serial } } }"
MORE = "mutation Nothing { __typename }"
PAGE = Path(__file__).parent.parent / "docs" / "operations.md"
APOLLO: dict[str, Any] = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [
        {"id": hash_of(DEVICES), "name": "Devices", "type": "query", "body": DEVICES},
        {"id": hash_of(MORE), "name": "Nothing", "type": "mutation", "body": MORE},
    ],
}
RELAY = {"0123456789abcdef0123456789abcdef": DEVICES, "two": MORE}


@pytest.fixture
def documents(built: GraphQLSchema) -> Documents:
    """What fits our schema."""
    return Documents(built, Limits(), 10)


def file_of(folder: Path, content: Any) -> Path:
    """A file that says this."""
    file = folder / "operations.json"
    file.write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))
    return file


def apollo(**change: Any) -> dict[str, Any]:
    """A manifest of one operation, changed."""
    return APOLLO | {"operations": [APOLLO["operations"][0] | change]}


def refused(file: Path, documents: Documents) -> str:
    """How a server refuses to start with such a file."""
    with pytest.raises(SettingsError) as caught:
        read_manifest(file, documents, Limits())
    return str(caught.value)


def check(file: Path) -> Result:
    """`tenantry operations check`."""
    return CliRunner().invoke(app, ["operations", "check", str(file)], catch_exceptions=False)


BAD = {
    "no JSON": (b"{", "it is not JSON: "),
    "a list": ([], "it is neither an object of format"),
    "nothing": ({}, "it lists no operation"),
    "no operations": (APOLLO | {"operations": []}, "it lists no operation"),
    "another format": (APOLLO | {"format": "other"}, "its format is not 'apollo-persisted-query-manifest', version 1"),
    "another version": (APOLLO | {"version": 2}, "its format is not 'apollo-persisted-query-manifest', version 1"),
    "no format": ({"operations": APOLLO["operations"]}, "its format is not"),
    "operations that are no list": (APOLLO | {"operations": {}}, "its operations are no list"),
    "an operation that is no object": (APOLLO | {"operations": ["x"]}, "operation 1 is no object of id, name, type ("),
    "no such type": (apollo(type="fragment"), "operation 1 is no object of id, name, type (query, mutation, sub"),
    "a type that is a list": (apollo(type=[]), "operation 1 is no object of id, name, type ("),
    "no name": (apollo(name=None), "operation 1 is no object of id, name, type ("),
    "no id": (apollo(id=None), "the id of operation 1 is not a string of 1 to 200 characters"),
    "an empty id": (apollo(id=""), "the id of operation 1 is not a string of 1 to 200 characters"),
    "a long id": ({"x" * 201: DEVICES}, "the id of entry 1 is not a string of 1 to 200 characters"),
    "no body": (apollo(body=None), "the document of operation 1 is not a string"),
    "a document that is an object": ({"a": DEVICES, "b": {}}, "the document of entry 2 is not a string"),
    "an id twice": (APOLLO | {"operations": APOLLO["operations"][:1] * 2}, f"the id '{hash_of(DEVICES)}' is there twi"),
}


@pytest.mark.parametrize(("content", "said"), BAD.values(), ids=BAD)
def test_a_file_that_is_no_list_is_told_why(tmp_path: Path, documents: Documents, content: Any, said: str) -> None:
    """With the variable and the file's name by a server, with the file's name by the command."""
    file = file_of(tmp_path, content)
    message = refused(file, documents)
    assert message.startswith(f"TENANTRY_OPERATIONS: {file} is no list of operations: {said}")
    outcome = check(file)
    assert (outcome.exit_code, outcome.stdout) == (1, "")
    assert outcome.stderr.strip() == message.removeprefix("TENANTRY_OPERATIONS: ")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("query Devices {", "Syntax Error: Expected Name, found <EOF> (line 1, column 16)."),
        (
            "query Devices {\n  devices { number }\n}",
            "Cannot query field 'number' on type 'DeviceConnection' (line 2, ",
        ),
        ("query Devices { " + "__typename " * 1001 + "}", "The document has more than 1,000 tokens"),
        ("query Other { __typename }", "the body has no query of that name."),
        ("mutation Devices { __typename }", "the body has no query of that name."),
    ],
)
def test_each_document_that_could_not_run_is_told(tmp_path: Path, documents: Documents, body: str, said: str) -> None:
    """By its name and its id, and the others with it."""
    broken = APOLLO["operations"][0] | {"body": body}
    file = file_of(
        tmp_path, APOLLO | {"operations": [broken, APOLLO["operations"][1], broken | {"id": "a", "name": ""}]}
    )
    outcome = check(file)
    lines = outcome.stdout.splitlines()
    assert (outcome.exit_code, outcome.stderr) == (1, "")
    assert lines[0].startswith(f"Devices ({hash_of(DEVICES)[:16]}…): {said}")
    assert lines[-1].startswith("a: ")
    assert refused(file, documents).splitlines() == [f"TENANTRY_OPERATIONS: {file}: {line}" for line in lines]


def test_every_fault_of_a_document_is_told(tmp_path: Path) -> None:
    """Nobody likes to mend one field a run."""
    outcome = check(file_of(tmp_path, {"a": "{ one two }"}))
    assert [line.split(" on ")[0] for line in outcome.stdout.splitlines()] == [
        "a: Cannot query field 'one'",
        "a: Cannot query field 'two'",
    ]


def test_a_file_that_is_not_there_is_told(tmp_path: Path, documents: Documents) -> None:
    """In the words of the system."""
    file = tmp_path / "operations.json"
    assert "No such file" in refused(file, documents)
    assert "No such file" in check(file).stderr


@pytest.mark.parametrize("content", [APOLLO, RELAY], ids=["Apollo", "Relay"])
def test_a_good_list_is_read(tmp_path: Path, documents: Documents, content: Any) -> None:
    """In either form."""
    file = file_of(tmp_path, content)
    manifest = read_manifest(file, documents, Limits())
    ids = [each["id"] for each in content["operations"]] if "operations" in content else list(content)
    assert [manifest.find(each) for each in ids] == [DEVICES, MORE]
    assert (len(manifest), manifest.holds(DEVICES), manifest.holds("{ __typename }")) == (2, True, False)
    outcome = check(file)
    assert (outcome.exit_code, outcome.stdout) == (0, "2 operations fit the schema.\n")


def test_the_examples_of_the_page_are_read(documents: Documents) -> None:
    """As printed; both list the same document."""
    examples = [each.split("```")[0] for each in PAGE.read_text().split("```json\n")[1:]]
    [apollo_listed], [relay_listed] = (
        read(each.encode()) for each in examples if "data" not in each and "errors" not in each
    )
    assert apollo_listed.body == relay_listed.body
    assert apollo_listed.id == hash_of(apollo_listed.body)
    assert list(faults((apollo_listed, relay_listed), documents)) == []


def test_the_page_tells_every_mode() -> None:
    """And no other."""
    assert re.findall(r"^\| `([a-z]+)` \|", PAGE.read_text(), re.MULTILINE) == [mode.value for mode in Mode]


def test_without_a_file_nothing_is_listed(documents: Documents) -> None:
    """And nothing is compared with it."""
    assert len(read_manifest(None, documents, Limits())) == 0


@pytest.mark.parametrize("mode", ["log", "enforce"])
def test_a_mode_without_a_list_is_refused(mode: str) -> None:
    """It would log, or refuse, everything."""
    with pytest.raises(SettingsError, match="TENANTRY_OPERATIONS is not set, TENANTRY_OPERATIONS_MODE is"):
        Settings.from_environment({"TENANTRY_OPERATIONS_MODE": mode})


async def test_a_server_does_not_start_with_a_list_that_does_not_fit(urls: Urls, tmp_path: Path) -> None:
    """It says so once, in words, and ends with 1."""
    file = file_of(tmp_path, {"a": "{ nothing }"})
    code, _, said = await run_command("serve", "--port", "0", env=environment(urls, TENANTRY_OPERATIONS=str(file)))
    assert code == 1
    assert said.strip() == (
        f"TENANTRY_OPERATIONS: {file}: a: Cannot query field 'nothing' on type 'Query' (line 1, column 3)."
    )


def test_the_command_shows_how_it_is_used() -> None:
    """With examples that can be copied."""
    outcome = CliRunner().invoke(app, ["operations", "check", "--help"], catch_exceptions=False)
    assert outcome.exit_code == 0
    assert "tenantry operations check operations.json" in outcome.stdout


def test_a_list_is_no_more_than_its_ids() -> None:
    """What else is in a manifest is its maker's business."""
    [listed] = read(json.dumps(apollo(extra=True) | {"made": "by hand"}).encode())
    assert (listed.id, listed.body) == (hash_of(DEVICES), DEVICES)
