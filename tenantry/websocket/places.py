"""How many connections a tenant may have: a bound for each process, so that nobody takes all of its memory."""

import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tenantry.websocket.closing import CloseCode, Closing


class Places:
    """So many for each tenant; counted where the token belongs, so that a partner takes none of its customers'."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._taken: Counter[uuid.UUID] = Counter()

    @contextmanager
    def one(self, tenant_id: uuid.UUID) -> Iterator[None]:
        """Hold a place while the block runs. Raises Closing (TRY_AGAIN_LATER)."""
        if self._taken[tenant_id] >= self._at_most:
            reason = f"The tenant has {self._at_most} connections here already; try again later."
            raise Closing(CloseCode.TRY_AGAIN_LATER, reason)
        self._taken[tenant_id] += 1
        try:
            yield
        finally:
            self._taken[tenant_id] -= 1
            if not self._taken[tenant_id]:
                del self._taken[tenant_id]
