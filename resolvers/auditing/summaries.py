"""What is tried by callers whom nobody knows, counted for each address: one record a minute for each at most.

An IPv6 network counts as one address. Of more addresses than are told apart the others are one.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from auth.attempts import Reason
from auth.credentials import Address
from auth.throttle import network_of
from models import AuditAction, AuditActorKind, AuditOutcome
from resolvers.auditing.record import Actor, Record, told

EVERY = timedelta(minutes=1)
# Addresses that are told apart, for each action.
MOST_ADDRESSES = 100
OTHERS = "others"
# What stands for no address.
NOWHERE = frozenset({OTHERS, network_of(None)})


@dataclass(slots=True)
class Counted:
    """What came from one place, and when."""

    since: datetime
    until: datetime
    reasons: Counter[Reason] = field(default_factory=Counter)


# By what it was and by where it came from.
Counts = dict[tuple[AuditAction, str], Counted]


class Summaries:
    """What is counted and not yet written."""

    def __init__(self, most_addresses: int = MOST_ADDRESSES) -> None:
        self._most_addresses = most_addresses
        self._counts: Counts = {}

    def note(self, action: AuditAction, reason: Reason, address: Address | None, now: datetime) -> None:
        """One more."""
        self._add(action, network_of(address), Counted(now, now, Counter([reason])))

    def take(self, until: datetime) -> Counts:
        """What was begun to be counted by then; what is not written is given back."""
        taken = {key: each for key, each in self._counts.items() if each.since <= until}
        self._counts = {key: each for key, each in self._counts.items() if key not in taken}
        return taken

    def give_back(self, counts: Counts) -> None:
        """Count on from these."""
        for (action, place), each in counts.items():
            self._add(action, place, each)

    def _add(self, action: AuditAction, place: str, more: Counted) -> None:
        key = (action, place)
        if key not in self._counts and sum(each is action for each, _ in self._counts) >= self._most_addresses:
            key = (action, OTHERS)
        counted = self._counts.setdefault(key, Counted(more.since, more.until))
        counted.since, counted.until = min(counted.since, more.since), max(counted.until, more.until)
        counted.reasons.update(more.reasons)


def summaries_of(counts: Mapping[tuple[AuditAction, str], Counted]) -> list[Record]:
    """A record for each place."""
    return [
        Record(
            Actor(AuditActorKind.ANONYMOUS),
            action,
            outcome=AuditOutcome.REFUSED,
            changed=told(
                count=each.reasons.total(),
                reasons=dict(each.reasons),
                since=each.since,
                until=each.until,
                place=place,
            ),
            address=None if place in NOWHERE else place,
        )
        for (action, place), each in counts.items()
    ]
