"""Watching a place: what happens in it, what comes into it, and what leaves it."""

import uuid

from loaders.entities import AREA
from loaders.statements import areas_within
from loaders.window import Row
from resolvers.context import Context


class Watch:
    """A location, or an area with all areas inside it; neither means everywhere."""

    def __init__(self, context: Context, location_id: uuid.UUID | None, area_id: uuid.UUID | None) -> None:
        self._context = context
        self._location_id = location_id
        self._area_id = area_id
        self._areas: frozenset[uuid.UUID] = frozenset()
        self._known_at = -1

    async def sees(self, event: Row) -> bool:
        """Whether the event happened in the place, or took something out of it."""
        if self._location_id is not None and self._location_id not in (
            event["location_id"],
            event["left_location_id"],
        ):
            return False
        if self._area_id is None:
            return True
        if self._known_at < 0 or (event["entity"] == "Area" and event["number"] > self._known_at):
            await self._look()
        return not self._areas.isdisjoint({event["area_id"], event["left_area_id"]})

    async def _look(self) -> None:
        """The areas inside are other ones when areas come and go: asked again then, and only then."""
        assert self._area_id is not None, "no area is watched"
        context = self._context
        # The number first: an area that comes in between is met again as an event.
        self._known_at = await context.feeds.head(context.tenant_id)
        async with context.database.read(context.tenant_id) as connection:
            found = await connection.scalars(areas_within(context.tenant_id, context.reach(AREA), self._area_id))
            self._areas = frozenset(found)
