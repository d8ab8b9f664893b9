"""Whether a document may run where operations are listed beforehand: all may, all may and it is noted, or listed alone.

What is not listed is noted once a minute for each document, by its hash and its name: nothing else that callers send
is in a log.
"""

import re
from collections import OrderedDict
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

import structlog

from auth.codes import Code, Refusal
from auth.principal import Caller
from models.clock import Clock
from schema.manifest import Manifest

EVERY = timedelta(minutes=1)
# Documents whose last note is remembered; beyond them some are noted more often.
REMEMBERED = 1_000
READS_SCHEMA = re.compile(r"\b(__schema|__type|_service)\b")
NAMED = re.compile(r"\s*(?:query|mutation|subscription)\s+([A-Za-z_][A-Za-z0-9_]{0,99})")

log = structlog.get_logger("tenantry.operations")


class Mode(StrEnum):
    """What a list of operations is for, beside finding them by their ids."""

    OFF = "off"
    LOG = "log"
    ENFORCE = "enforce"


class Safelist:
    """A manifest and its mode."""

    def __init__(self, manifest: Manifest, mode: Mode, clock: Clock) -> None:
        self.manifest = manifest
        self.mode = mode
        self._clock = clock
        self._noted: OrderedDict[str, datetime] = OrderedDict()

    def check(self, text: str, caller: Caller) -> None:
        """Let a document through, or refuse it. Raises Refusal (OPERATION_NOT_LISTED, or what is wrong with it)."""
        if self.mode is Mode.OFF or self.manifest.holds(text):
            return
        hashed = sha256(text.encode()).hexdigest()
        if self.mode is Mode.LOG and self._was_noted(hashed):
            return
        if self.manifest.holds_like(text):
            return
        if not self._was_noted(hashed):
            self._note(hashed, text, caller)
        if self.mode is Mode.ENFORCE:
            raise Refusal(Code.OPERATION_NOT_LISTED, _why(text))

    def _was_noted(self, hashed: str) -> bool:
        """Whether it was, in the last minute. A clock that was set back is no reason to be silent."""
        last = self._noted.get(hashed)
        return last is not None and timedelta() <= self._clock.now() - last < EVERY

    def _note(self, hashed: str, text: str, caller: Caller) -> None:
        self._noted[hashed] = self._clock.now()
        self._noted.move_to_end(hashed)
        if len(self._noted) > REMEMBERED:
            self._noted.popitem(last=False)
        named = NAMED.match(text)
        log.warning(
            "operation not listed",
            sha256=hashed,
            operation=named and named[1],
            refused=self.mode is Mode.ENFORCE,
            tenant=caller.tenant.slug,
            token=str(caller.principal.token_id),
        )


def _why(text: str) -> str:
    """In words, for whoever reads them in an explorer too."""
    if READS_SCHEMA.search(text):
        return (
            "This server runs listed operations alone, and reading the schema is none of them: take it from "
            "`tenantry schema`, or from a server that does not enforce its list."
        )
    return "This server runs listed operations alone, and this is none of them: have it listed, or send one that is."
