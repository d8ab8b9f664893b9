"""The root of following: over WebSocket (graphql-transport-ws) or server-sent events."""

from __future__ import annotations

import strawberry

from auth.requirement import AUTHENTICATED, all_of, any_of
from auth.scopes import Scope
from loaders.entities import DEVICE
from models import AuditAction, AuditOutcome, EstateType
from resolvers.exporting import ExportFormat
from resolvers.exporting.source import exported_audit, exported_devices
from resolvers.following.audit import audit_event_added
from resolvers.following.estate import estate_changed
from schema.audit import AuditEvent
from schema.connection import lazy
from schema.event import EstateEvent
from schema.export import ExportChunk
from schema.field import argument, field


@strawberry.federation.type(description="Following, over WebSocket (graphql-transport-ws) or server-sent events.")
class Subscription:
    """Following."""

    estate_changed: EstateEvent = field(
        "What happens in the tenant that this request acts in, of the types that the token may read: "
        "first what happened after `sinceEvent`, then what happens, each event once and in its order.",
        scopes=AUTHENTICATED,
        source=estate_changed,
        arguments=[
            argument("types", list[EstateType] | None, "Only these types; each asks for the scope that reads it."),
            argument("locationId", strawberry.ID | None, "Only what happens in this location, or leaves it."),
            argument("areaId", strawberry.ID | None, "Only what happens in this area or inside it, or leaves it."),
            argument(
                "sinceEvent",
                strawberry.ID | None,
                "The number of the last event that was seen, 0 for all. From now on where nothing is said.",
            ),
        ],
    )
    audit_event_added: AuditEvent = field(
        "What gets into the tenant's audit: first what came after `sinceNumber`, then what comes, each record once and "
        "in its order. Silent for a right that is bound to a node of the estate.",
        scopes=any_of(Scope.AUDIT_READ),
        source=audit_event_added,
        arguments=[
            argument("actions", list[AuditAction] | None, "Only these actions."),
            argument("outcomes", list[AuditOutcome] | None, "Only what ended so."),
            argument(
                "sinceNumber",
                strawberry.ID | None,
                "The number of the last record that was seen, 0 for all. From now on where nothing is said.",
            ),
        ],
    )
    export_audit: ExportChunk = field(
        "The whole audit up to now, a record a line, with the hashes by which anybody verifies it; the last one tells "
        "of this export. Empty for a right that is bound to a node of the estate. The same as a file: "
        "GET /export/audit",
        scopes=any_of(Scope.AUDIT_READ),
        source=exported_audit,
    )
    export_devices: ExportChunk = field(
        "All devices that fit, in the order of their ids, with what they are called that each of them refers to. "
        "The same as a file: GET /export/devices?format=csv&filter=…",
        scopes=all_of(
            Scope.DEVICES_READ,
            Scope.DEVICE_TYPES_READ,
            Scope.LOCATIONS_READ,
            Scope.AREAS_READ,
            Scope.ORGANIZATIONS_READ,
        ),
        source=exported_devices,
        arguments=[
            argument("format", ExportFormat, "How each device is written.", ExportFormat.NDJSON),
            argument("filter", lazy(DEVICE, "Filter") | None, "Only devices that fit."),
            argument("search", str | None, "Only devices whose name or serial contains this text, in any case."),
        ],
    )
