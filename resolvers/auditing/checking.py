"""Verifying a tenant's chain: every edit, removal, reordering and cut tail is found, and the first bad record named.

Records are read a page at a time in one snapshot. What a superuser did to them is found by the chain; what was done to
the chain as a whole (a cut tail with a mended head, a chain made anew) only by signed checkpoints from outside.
An erased value is counted, a changed one is a fault.
"""

import asyncio
import uuid
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from models import AuditHead
from models.database import Database
from resolvers.auditing.checkpoint import Checkpoint, CheckpointKind
from resolvers.auditing.checkpoints import Evidence, gather
from resolvers.auditing.hashing import GENESIS, record_hash, spelled_moment, value_digest
from resolvers.auditing.pages import PAGE, Page, Row, fetched, pages
from resolvers.auditing.ports import Place, PublicKeys, Unreadable


@dataclass(frozen=True, slots=True)
class Fault:
    """The first bad record, and why; number 0 where the fault is none of a record's."""

    number: int
    reason: str

    def __str__(self) -> str:
        """As a sentence."""
        return f"Record {self.number:,}: {self.reason}." if self.number else f"{self.reason}."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: numbers from `first` to `last` (0 where there are none), how much was looked at, the fault."""

    first: int
    last: int
    records: int
    values: int
    erased: int
    checkpoints: int
    fault: Fault | None = None
    # Whether it was followed to its end, or to its fault.
    complete: bool = True

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong, to the end."""
        return self.fault is None and self.complete


async def check(
    database: Database, tenant_id: uuid.UUID, places: Sequence[Place] = (), keys: PublicKeys | None = None
) -> Verdict:
    """Verify a tenant's chain against the checkpoints that these places keep."""
    try:
        # Before the snapshot: no checkpoint is of a record that the snapshot cannot hold.
        evidence = await gather(tenant_id, places, keys or {})
    except Unreadable as error:
        return Verdict(0, 0, 0, 0, 0, 0, Fault(0, str(error).removesuffix(".")))
    async with database.read(tenant_id) as connection:
        return await check_on(connection, tenant_id, evidence)


async def check_on(
    connection: AsyncConnection,
    tenant_id: uuid.UUID,
    evidence: Evidence,
    *,
    page: int = PAGE,
    after: Row | None = None,
    most: int | None = None,
) -> Verdict:
    """Verify on an open transaction, beside the event loop's own work.

    `after` is a record that is taken as it is: what follows it is verified. After at least `most` records it ends at
    the end of a page, and the verdict is not complete.
    """
    checker = _Checker(tenant_id, evidence, last=after["number"] if after else 0, previous=after or {})
    complete, fault = True, None
    fetch = partial(fetched, connection)
    try:
        await asyncio.to_thread(checker.check_signatures)
        async with aclosing(pages(fetch, tenant_id, page, after=after)) as read:
            async for each in read:
                if most is not None and checker.records >= most and each.records:
                    complete = False
                    break
                await asyncio.to_thread(checker.take_page, each)
        if complete:
            head = await fetch(select(AuditHead.__table__).where(AuditHead.tenant_id == tenant_id))
            checker.end(head[0] if head else None)
    except _Broken as broken:
        fault = broken.fault
    except (ValueError, OverflowError):
        # PostgreSQL holds years that Python has not.
        fault = Fault(checker.last + 1, "what is stored of it, or of one soon after it, cannot be read")
    return Verdict(
        checker.first,
        checker.last,
        checker.records,
        checker.values,
        checker.erased,
        len(evidence.signed),
        fault,
        complete=complete,
    )


def _hash_of(prev_hash: bytes, row: Row) -> bytes | None:
    """None for what no record of ours can hold."""
    try:
        return record_hash(prev_hash, row)
    except (ValueError, OverflowError, RecursionError):
        return None


class _Broken(Exception):
    """Ends a verification."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(reason)
        self.fault = Fault(number, reason)


@dataclass
class _Checker:
    """How far a chain has been followed."""

    tenant_id: uuid.UUID
    evidence: Evidence
    first: int = 0
    last: int = 0
    records: int = 0
    values: int = 0
    erased: int = 0
    previous: Row = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._checkpoints: dict[int, list[Checkpoint]] = {}
        # What retention signed for.
        self._boundaries: dict[int, Checkpoint] = {}
        for signed in self.evidence.signed:
            self._checkpoints.setdefault(signed.checkpoint.number, []).append(signed.checkpoint)
            if signed.checkpoint.kind is CheckpointKind.BOUNDARY:
                self._boundaries[signed.checkpoint.number] = signed.checkpoint

    def check_signatures(self) -> None:
        """Only what a known key signed counts, and what counts for nothing was put there by somebody."""
        for signed in self.evidence.signed:
            if not signed.is_good(self.evidence.keys):
                at, key = spelled_moment(signed.checkpoint.at), signed.checkpoint.key_id
                raise _Broken(signed.checkpoint.number, f"its checkpoint of {at} is not signed by a known key ({key})")

    def take_page(self, page: Page) -> None:
        """Follow the chain by a page."""
        for row in page.records:
            self.take(row, page.values.pop(row["number"], []))
        for number in page.values:
            raise _Broken(number, "there are values of a record that is not there")

    def take(self, row: Row, values: list[Row]) -> None:
        """Follow the chain by one record."""
        number = row["number"]
        self.first = self.first or number
        if not self.previous:
            prev_hash = self._begin(row)
        else:
            if number == self.last:
                raise _Broken(number, "it is there more than once")
            if number != self.last + 1:
                raise _Broken(self.last + 1, "it is missing")
            prev_hash = self.previous["hash"]
        if row["prev_hash"] != prev_hash:
            raise _Broken(number, "it does not follow from the record before it")
        if row["hash"] != _hash_of(prev_hash, row):
            raise _Broken(number, "its content does not fit its hash")
        if self.previous and row["at"] < self.previous["at"]:
            raise _Broken(number, "it is dated before the record that it follows")
        for checkpoint in self._checkpoints.get(number, []):
            if checkpoint.hash != row["hash"]:
                at = spelled_moment(checkpoint.at)
                raise _Broken(
                    number, f"it, or a record before it, is another than when a checkpoint was signed at {at}"
                )
        self._take_values(row, values)
        self.last, self.previous = number, row
        self.records += 1

    def end(self, head: dict[str, Any] | None) -> None:
        """Compare the end with the chain's head and with the newest checkpoint."""
        boundary = self._boundaries.get(head["number"]) if head else None
        if not self.previous and head and boundary and boundary.hash == head["hash"]:
            self.last = head["number"]
        elif not self.previous and head and head["number"]:
            raise _Broken(max(self._boundaries, default=0) + 1, "it is missing")
        elif self.previous:
            self._check_head(head)
        for signed in self.evidence.signed:
            if signed.checkpoint.number > self.last:
                at = spelled_moment(signed.checkpoint.at)
                raise _Broken(self.last + 1, f"it is missing: it was there when a checkpoint was signed at {at}")

    def _begin(self, row: Row) -> bytes:
        """The hash before the first record that is there: nothing, or what retention dropped and signed for."""
        number = row["number"]
        if number == 1:
            return GENESIS
        if number < 1:
            raise _Broken(number, "no record has this number")
        boundary = self._boundaries.get(number - 1)
        if boundary is None:
            expected = max((each for each in self._boundaries if each < number), default=0) + 1
            raise _Broken(expected, "it is missing, and no signed boundary says that it was dropped")
        return boundary.hash

    def _check_head(self, head: dict[str, Any] | None) -> None:
        if head is None:
            raise _Broken(self.last, "the chain ends here and its head is gone")
        if head["number"] > self.last:
            raise _Broken(self.last + 1, f"it is missing: the chain's head counts to {head['number']:,}")
        if head["number"] < self.last:
            raise _Broken(max(head["number"], 0) + 1, "it was not appended: the chain's head does not count it")
        if head["hash"] != self.previous["hash"] or head["at"] != self.previous["at"]:
            raise _Broken(self.last, "it is another than the chain's head says")

    def _take_values(self, row: Row, values: list[Row]) -> None:
        """Each value there is fits its digest; digests without a value were erased."""
        number, digests = row["number"], row["digests"]
        for value in values:
            name = value["field"]
            digest = value_digest(name, value["salt"], value["before"], value["after"])
            if digests.get(name) != digest or value["at"] != row["at"]:
                raise _Broken(number, f"the value of its field {name} was changed")
        self.values += len(values)
        self.erased += len(digests) - len(values)
