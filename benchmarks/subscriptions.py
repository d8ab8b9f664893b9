"""The subscriptions that are counted."""

from collections.abc import Iterator

from benchmarks.operation import Operation, Request

MISSED = """subscription { estateChanged(sinceEvent: "0") {
  number kind type thingId version changed locationId areaId at actor { kind name } thing { __typename id } } }"""
RECORDED = """subscription { auditEventAdded(sinceNumber: "0") {
  id number at action outcome actor { kind id name tokenId } target { type id } changed { field before after } } }"""


def exports() -> Iterator[Operation]:
    """Those that end; read to the end while nothing has been changed, or they would tell of all that the others did."""
    yield Operation(
        "exportAudit, to the end",
        "Subscription.exportAudit",
        Request("subscription { exportAudit { text rows } }"),
        why="three for the record of it, one for the last number, two for each page of 500 records",
        reads="stream",
    )
    yield Operation(
        "exportDevices, to the end",
        "Subscription.exportDevices",
        Request("subscription { exportDevices { text rows } }"),
        why="one for each page of 1,000 rows",
        reads="stream",
    )


def subscriptions() -> Iterator[Operation]:
    """Those that never end: each is opened where much was missed, and read for one event."""
    yield Operation(
        "estateChanged, one event",
        "Subscription.estateChanged",
        Request(MISSED),
        why="where the feed stands, a page of it, and the thing of the event",
        reads="event",
    )
    yield Operation(
        "auditEventAdded, one record",
        "Subscription.auditEventAdded",
        Request(RECORDED),
        why="where the audit stands, a page of it, and what the record changed",
        reads="event",
    )
