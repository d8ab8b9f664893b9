"""What every entity is: something with an id of its own."""

import strawberry

from schema.field import field


@strawberry.federation.interface(description="Anything with an id of its own, found again by `node`.")
class Node:
    """Relay's."""

    id: strawberry.ID = field("Names this thing and its type, everywhere and for ever: dev_0190b5a2-….")
