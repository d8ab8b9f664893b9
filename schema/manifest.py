"""A list of operations that somebody wrote down beforehand, and whether each of them fits the schema.

Two forms are read: Apollo's persisted-query manifest, and the object from ids to documents that Relay's compiler
writes.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import OperationType

from auth.codes import Refusal
from auth.limits import Limits, without_ignored
from schema.answers import InvalidDocument
from schema.documents import Documents

FORMAT = "apollo-persisted-query-manifest"
VERSION = 1
# Characters of an id: what a request may name a document by.
LONGEST_ID = 200
TYPES = {kind.value: kind for kind in OperationType}


class BadManifest(Exception):
    """A file that is no list of operations; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A document by its id; what its one operation is called and what kind it is, where the list says so."""

    id: str
    body: str
    name: str | None = None
    kind: OperationType | None = None

    @property
    def called(self) -> str:
        """How a person finds it in the list."""
        shown = self.id if len(self.id) <= 16 else f"{self.id[:16]}…"
        return f"{self.name} ({shown})" if self.name else shown


class Manifest:
    """Listed documents, found by id and by text."""

    def __init__(self, listed: tuple[Listed, ...] = (), limits: Limits | None = None) -> None:
        """`limits` bound the texts that are compared with those of the list."""
        self._limits = limits or Limits()
        self._by_id = {each.id: each.body for each in listed}
        self._bodies = frozenset(self._by_id.values())
        self._compared = frozenset(without_ignored(each, self._limits) for each in self._bodies)

    def __len__(self) -> int:
        """How many are listed."""
        return len(self._by_id)

    def find(self, id_: str) -> str | None:
        """The document of that id."""
        return self._by_id.get(id_)

    def holds(self, text: str) -> bool:
        """Whether that very document is listed."""
        return text in self._bodies

    def holds_like(self, text: str) -> bool:
        """Whether one is that differs in blanks, commas and comments alone. Raises Refusal, if it is out of bounds."""
        return without_ignored(text, self._limits) in self._compared


def read(content: bytes) -> tuple[Listed, ...]:
    """What a file lists. Raises BadManifest."""
    try:
        given = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BadManifest(f"it is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise BadManifest(f"it is neither an object of format {FORMAT!r} nor one from ids to documents")
    listed = tuple(_apollo(given) if "operations" in given else _relay(given))
    if not listed:
        raise BadManifest("it lists no operation")
    [(most, times)] = Counter(each.id for each in listed).most_common(1)
    if times > 1:
        raise BadManifest(f"the id {most!r} is there twice")
    return listed


def faults(listed: tuple[Listed, ...], documents: Documents) -> Iterator[str]:
    """What is wrong with documents of a list, each in a line that names it."""
    for each in listed:
        try:
            found = documents.operations(each.body)
        except Refusal as refusal:
            yield f"{each.called}: {refusal.message}"
        except InvalidDocument as document:
            for error in document.errors:
                places = "".join(f" (line {place.line}, column {place.column})" for place in error.locations or ())
                yield f"{each.called}: {error.message.rstrip('.')}{places}."
        else:
            if each.kind is not None and found.get(each.name) is not each.kind:
                yield f"{each.called}: the body has no {each.kind.value} of that name."


def _apollo(given: Mapping[str, Any]) -> Iterator[Listed]:
    if given.get("format") != FORMAT or given.get("version") != VERSION:
        raise BadManifest(f"its format is not {FORMAT!r}, version {VERSION}")
    if not isinstance(given["operations"], list):
        raise BadManifest("its operations are no list")
    for number, each in enumerate(given["operations"], 1):
        if not isinstance(each, dict) or each.get("type") not in [*TYPES] or not isinstance(each.get("name"), str):
            raise BadManifest(f"operation {number} is no object of id, name, type ({', '.join(TYPES)}) and body")
        yield _listed(f"operation {number}", each.get("id"), each.get("body"), each["name"], TYPES[each["type"]])


def _relay(given: Mapping[str, Any]) -> Iterator[Listed]:
    for number, (id_, body) in enumerate(given.items(), 1):
        yield _listed(f"entry {number}", id_, body)


def _listed(what: str, id_: Any, body: Any, name: str | None = None, kind: OperationType | None = None) -> Listed:
    if not isinstance(id_, str) or not 0 < len(id_) <= LONGEST_ID:
        raise BadManifest(f"the id of {what} is not a string of 1 to {LONGEST_ID} characters")
    if not isinstance(body, str):
        raise BadManifest(f"the document of {what} is not a string")
    return Listed(id_, body, name or None, kind)
