"""The subscriptions that are counted: what never ends is opened where much was missed and read for one event."""

from collections.abc import Iterator

from benchmarks.operation import Operation, Request

MISSED = """subscription { estateChanged(sinceEvent: "0") {
  number kind type thingId version changed locationId areaId at actor { kind name } thing { __typename id } } }"""


def subscriptions() -> Iterator[Operation]:
    """Every root field of Subscription."""
    yield Operation(
        "estateChanged, one event",
        "Subscription.estateChanged",
        Request(MISSED),
        why="where the feed stands, a page of it, and the thing of the event",
        reads="event",
    )
    yield Operation(
        "exportDevices, to the end",
        "Subscription.exportDevices",
        Request("subscription { exportDevices { text rows } }"),
        why="one for each page of 1,000 rows",
        reads="stream",
    )
