"""Documents that callers named by their SHA-256, kept in this process: next time the hash alone is enough.

A document holds no tenant's data, so that whoever knows its hash may run it, with its own rights. What is kept is
bounded in bytes, and so is each tenant's share: who keeps too much pushes out its own, and never more than its share of
what others keep.
"""

import uuid
from collections import Counter, OrderedDict, defaultdict
from dataclasses import dataclass
from sys import getsizeof

# Bytes of memory: some thousands of documents of the usual size.
MOST = 8 * 1024 * 1024
SHARE = MOST // 4
# What keeping one costs beside its text.
OVERHEAD = 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """A document, who sent it first, and what it weighs in bytes."""

    text: str
    tenant_id: uuid.UUID
    weight: int


class KeptDocuments:
    """The least recently used go first."""

    def __init__(self, most: int = MOST, share: int = SHARE) -> None:
        """`most` bytes in all, `share` of them for one tenant."""
        self._most = most
        self._share = share
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._of: defaultdict[uuid.UUID, OrderedDict[str, None]] = defaultdict(OrderedDict)
        self._weights: Counter[uuid.UUID] = Counter()
        # Of all together, in bytes.
        self.weight = 0

    def __len__(self) -> int:
        """How many there are."""
        return len(self._kept)

    def find(self, sha256: str) -> str | None:
        """The document of that hash."""
        kept = self._kept.get(sha256)
        if kept is None:
            return None
        self._kept.move_to_end(sha256)
        self._of[kept.tenant_id].move_to_end(sha256)
        return kept.text

    def keep(self, sha256: str, text: str, tenant_id: uuid.UUID) -> None:
        """Keep a document for everybody, on the account of this tenant."""
        if self.find(sha256) is not None:
            return
        kept = self._kept[sha256] = Kept(text, tenant_id, getsizeof(text) + OVERHEAD)
        self._of[tenant_id][sha256] = None
        self._weights[tenant_id] += kept.weight
        self.weight += kept.weight
        while self._weights[tenant_id] > self._share:
            self._drop(next(iter(self._of[tenant_id])))
        while self.weight > self._most:
            self._drop(next(iter(self._kept)))

    def _drop(self, sha256: str) -> None:
        kept = self._kept.pop(sha256)
        del self._of[kept.tenant_id][sha256]
        self._weights[kept.tenant_id] -= kept.weight
        self.weight -= kept.weight
        if not self._of[kept.tenant_id]:
            del self._of[kept.tenant_id], self._weights[kept.tenant_id]
