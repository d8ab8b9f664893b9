"""What is to be recorded, before it has a number: who did what to which thing, how it ended, what it changed."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from models.audit import AuditAction, AuditOutcome


class _Absent:
    """The type of `ABSENT`."""

    def __repr__(self) -> str:
        return "ABSENT"


# A field that was not there before, or is not there after: another thing than null.
ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `kind` is a principal's, or SYSTEM for our own commands, or ANONYMOUS.

    A name can never be erased: leave out a person's, whose id is enough.
    """

    kind: str
    id: str | None = None
    name: str | None = None
    token_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """The thing that it was done to: the name of its type, and its id as the graph shows it."""

    type: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """What a field held before and after."""

    before: Any = ABSENT
    after: Any = ABSENT


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that was done or refused. Secrets may be in it: they are replaced when it is written."""

    actor: Actor
    action: AuditAction
    target: Target | None = None
    outcome: AuditOutcome = AuditOutcome.SUCCEEDED
    changed: Mapping[str, Changed] = field(default_factory=lambda: MappingProxyType({}))
    request_id: str | None = None
    address: str | None = None


def told(**values: Any) -> dict[str, Changed]:
    """Fields that tell of what was done, and held nothing before."""
    return {name: Changed(after=value) for name, value in values.items()}


def changed_fields(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, names: Iterable[str]
) -> dict[str, Changed]:
    """Those of these fields that differ between two rows; None is the row that is not there yet, or no more."""
    pairs = {name: Changed(_held(before, name), _held(after, name)) for name in names}
    return {name: each for name, each in pairs.items() if each.before != each.after}


def _held(row: Mapping[str, Any] | None, name: str) -> Any:
    return ABSENT if row is None else row.get(name, ABSENT)
