"""Events: what happened to the things of an estate, each with its number in the tenant's feed."""

from __future__ import annotations

from datetime import datetime

import strawberry

from auth.principal import PrincipalKind
from models import ChangeKind, EstateType
from models.ids import Prefix
from resolvers import reading
from resolvers.following import estate
from schema.entity import row_part
from schema.field import field
from schema.node import Node


@row_part("Who changed something, as it was then.")
class Actor:
    """Who changed something."""

    kind: PrincipalKind = field("What sort of caller it was.")
    name: str = field("Its name.")


@strawberry.federation.type(description="One change of one thing.")
class EstateEvent:
    """One change of one thing."""

    number: strawberry.ID = field(
        "Its place in the tenant's feed, counted from 1 without gaps; for `sinceEvent`.", resolver=estate.number
    )
    kind: ChangeKind = field("What happened.", resolver=reading.column("kind"))
    type: EstateType = field("What sort of thing it happened to.", resolver=reading.column("entity"))
    thing_id: strawberry.ID = field("The thing's id.", resolver=estate.thing_id)
    thing: Node | None = field("The thing as it is now; null where it is gone.", resolver=estate.thing)
    version: int = field("The thing's version after the change.", resolver=reading.column("entity_version"))
    changed: list[str] = field("The fields that were written, by their names in the graph.", resolver=estate.changed)
    location_id: strawberry.ID | None = field(
        "The location that the thing is in.", resolver=estate.place_id("location_id", Prefix.LOCATION)
    )
    area_id: strawberry.ID | None = field(
        "The area that the thing is in; an area's own id.", resolver=estate.place_id("area_id", Prefix.AREA)
    )
    actor: Actor = field("Who did it.", resolver=estate.actor)
    at: datetime = field("When it was done.", resolver=reading.column("at"))
