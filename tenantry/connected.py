"""Callers that hang up: what was begun for them is stopped."""

from starlette.types import Receive

from models.lasting import Guard
from tenantry.body import ClientGone


def hung_up(receive: Receive) -> Guard:
    """A guard that raises ClientGone when the caller has gone."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        raise ClientGone

    return gone
