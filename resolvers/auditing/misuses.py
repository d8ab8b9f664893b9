"""Tokens that are presented and refused: one record a minute at most for each token and reason.

Those that come between are counted, and the next record tells how many they were.
"""

import uuid
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from auth.attempts import Attempt, Reason
from auth.credentials import Address
from models import AuditAction, AuditActorKind, AuditOutcome, Token, ids
from resolvers.auditing.record import Actor, Record, Target, told

EVERY = timedelta(minutes=1)
# Tokens and reasons that are remembered, and records that wait.
MOST_REMEMBERED = 10_000
MOST_WAITING = 1_000
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Seen:
    recorded_at: datetime = _NEVER
    left_out: int = 0


class Misuses:
    """What waits to be written, by tenant."""

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        """Beyond `most_waiting` records further ones are only counted."""
        self._most_waiting = most_waiting
        self._seen: OrderedDict[tuple[uuid.UUID, uuid.UUID, Reason], _Seen] = OrderedDict()
        self._waiting: dict[uuid.UUID, list[Record]] = {}

    def note(self, attempt: Attempt, address: Address | None, request_id: str | None, now: datetime) -> bool:
        """Whether there is a record more to be written."""
        tenant_id, token_id = attempt.tenant_id, attempt.token_id
        assert tenant_id is not None, "what belongs to no tenant is misuse of nothing"
        assert token_id is not None, "what belongs to no token is misuse of nothing"
        key = (tenant_id, token_id, attempt.reason)
        seen = self._seen.setdefault(key, _Seen())
        self._seen.move_to_end(key)
        if len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)
        if timedelta() <= now - seen.recorded_at < EVERY or self._count() >= self._most_waiting:
            seen.left_out += 1
            return False
        record = Record(
            # Who presents it is not known: its owner, or whoever found it.
            Actor(AuditActorKind.ANONYMOUS, token_id=token_id),
            AuditAction.TOKEN_MISUSED,
            Target(Token.__name__, ids.encode(Token.prefix, token_id)),
            AuditOutcome.REFUSED,
            told(reason=attempt.reason, presented_at=now, left_out=seen.left_out),
            request_id,
            None if address is None else str(address),
        )
        self._waiting.setdefault(tenant_id, []).append(record)
        seen.recorded_at, seen.left_out = now, 0
        return True

    def take(self) -> dict[uuid.UUID, list[Record]]:
        """All that waits, by tenant; what is not written is given back."""
        taken, self._waiting = self._waiting, {}
        return taken

    def give_back(self, tenant_id: uuid.UUID, records: Sequence[Record]) -> None:
        """Let these wait again, before those that came meanwhile."""
        self._waiting[tenant_id] = [*records, *self._waiting.get(tenant_id, ())]

    def _count(self) -> int:
        return sum(map(len, self._waiting.values()))
