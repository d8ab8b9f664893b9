"""What the values of enums mean, and what federation adds; set on the graph where Strawberry has no place for it."""

from graphql import GraphQLEnumType, GraphQLSchema

from models import AuditAction

FEDERATION = {
    "_Any": "A reference to an entity: an object with its `__typename` and key (Apollo Federation).",
    "_Entity": "Any entity of this subgraph (Apollo Federation).",
    "_Service": "This subgraph (Apollo Federation).",
    "_FieldSet": "Names of fields, as in a selection (Apollo Federation).",
}
FEDERATION_FIELDS = {
    (
        "Query",
        "_entities",
    ): "The entities that a gateway refers to, at most 100, each by its key (Apollo Federation).",
    ("Query", "_service"): "This subgraph (Apollo Federation).",
    ("_Service", "sdl"): "The schema as text.",
}
REPRESENTATIONS = "What the gateway refers to, each with `__typename` and `id`."

ENUMS = {
    "AccessReason": "Why a token may have a field, or may not.",
    "AreaKind": "What an area is.",
    "AuditAction": "What the audit knows to be done.",
    "AuditActorKind": "What sort of caller the audit names.",
    "AuditOutcome": "How something ended.",
    "ChangeKind": "What can happen to a thing.",
    "DeviceKind": "The families of devices.",
    "DeviceLifecycle": "Where a device is in its life as an asset.",
    "DeviceStatus": "Whether a device answers.",
    "ExportFormat": "How exported things are written.",
    "EstateType": "The types of things whose changes can be followed.",
    "PrincipalKind": "What sort of caller it is.",
    "ReachKind": "What a caller's rights are bound to; they cover everything beneath it.",
    "TenantStatus": "Whether a tenant may be used.",
    "TokenState": "Whether a token's text is good.",
}


def _action(action: AuditAction) -> str:
    """Of `device_type.created`: "Device type created"."""
    noun, _, verb = action.partition(".")
    return f"{noun.replace('_', ' ').capitalize()} {verb.replace('_', ' ')}; `{action}` in exports."


# Every value of every enum; the orderings are described by their names.
VALUES = {
    "AccessReason": {
        "GRANTED": "It may have it everywhere in the tenant.",
        "REACH": "It may have it beneath some nodes alone.",
        "SCOPE": "The token does not hold a scope.",
        "OWNER": "The token holds it, but its owner may not do that now.",
        "TENANT": "The token holds it, but not in the tenant that the request acts in.",
        "STATE": "The token is not good.",
    },
    "AreaKind": {
        "FLOOR": "A storey of a building.",
        "ZONE": "A part of a floor or of several rooms.",
        "ROOM": "A room.",
        "DOOR": "A door, gate or turnstile.",
        "OTHER": "Anything else.",
    },
    "AuditAction": {action.name: _action(action) for action in AuditAction},
    "AuditActorKind": {
        "OPERATOR": "An operator of the platform.",
        "SERVICE": "A program with a token.",
        "USER": "A person who signed in.",
        "SYSTEM": "A command of our own, run where the database is.",
        "ANONYMOUS": "Whoever could not say who it was.",
    },
    "AuditOutcome": {
        "SUCCEEDED": "It was done.",
        "REFUSED": "It was not allowed.",
        "FAILED": "It was tried and went wrong.",
    },
    "ChangeKind": {
        "CREATED": "It was made.",
        "UPDATED": "Fields of it were written.",
        "MOVED": "It was put elsewhere.",
        "DELETED": "It was deleted, and can be restored until it is purged.",
        "RESTORED": "It was brought back.",
    },
    "EstateType": {
        "TENANT": "Tenants beneath this one.",
        "ORGANIZATION": "Organizations.",
        "LOCATION": "Buildings and sites.",
        "AREA": "Floors, zones, rooms and doors.",
        "DEVICE_TYPE": "Device types.",
        "DEVICE": "Devices.",
    },
    "ExportFormat": {
        "NDJSON": "A JSON object a line, with names as in the graph.",
        "CSV": "RFC 4180, beneath a heading with the same names.",
    },
    "DeviceKind": {
        "READER": "Reads badges, phones or faces at a door.",
        "SENSOR": "Measures.",
        "CONTROLLER": "Decides, for other devices.",
        "ACTUATOR": "Moves or switches something.",
        "GATEWAY": "Speaks for other devices.",
        "OTHER": "Anything else.",
    },
    "DeviceLifecycle": {
        "AVAILABLE": "In stock.",
        "DEPLOYED": "In use.",
        "MAINTENANCE": "Being repaired or replaced.",
        "RETIRED": "Out of use for good.",
    },
    "DeviceStatus": {
        "ONLINE": "It answers.",
        "OFFLINE": "It does not answer.",
        "UNKNOWN": "Nothing is known of it.",
    },
    "PrincipalKind": {
        "OPERATOR": "An operator of the platform.",
        "SERVICE": "A program with a token.",
        "USER": "A person who signed in.",
    },
    "ReachKind": {
        "PLATFORM": "Every tenant.",
        "TENANT": "A tenant and those beneath it.",
        "ORGANIZATION": "An organization and those beneath it.",
        "LOCATION": "A building or site.",
        "AREA": "An area and those inside it.",
    },
    "TenantStatus": {
        "ACTIVE": "In use.",
        "SUSPENDED": "Its own tokens are refused; its data is kept.",
        "DELETED": "Gone, as far as callers can see.",
    },
    "TokenState": {
        "ACTIVE": "It is good.",
        "DISABLED": "Whoever owns the token is disabled.",
        "EXPIRED": "Its token has ended.",
        "REVOKED": "Its token was revoked.",
        "ROTATED": "Its token has a newer secret, and the time in which both were good is over.",
        "SUSPENDED": "Its tenant is suspended.",
        "UNKNOWN": "It is nobody's, as far as the caller may know.",
    },
}


def describe(graph: GraphQLSchema) -> None:
    """Set the descriptions; names with two underscores are the GraphQL's own and the link specification's.

    Raises:
        KeyError: a value of an enum is not described.
    """
    for type_ in graph.type_map.values():
        if isinstance(type_, GraphQLEnumType) and "__" not in type_.name:
            type_.description = type_.description or ENUMS[type_.name]
            for name, value in type_.values.items():
                value.description = _order(name) if type_.name.endswith("Order") else VALUES[type_.name][name]
    for name, text in FEDERATION.items():
        graph.type_map[name].description = text
    for (parent, name), text in FEDERATION_FIELDS.items():
        graph.type_map[parent].fields[name].description = text  # type: ignore[attr-defined]
    query = graph.query_type
    assert query is not None, "a schema without a Query"
    query.fields["_entities"].args["representations"].description = REPRESENTATIONS


def _order(name: str) -> str:
    column, _, direction = name.rpartition("_")
    what = "id, which is the order of creation" if column == "ID" else column.lower()
    return f"By {what}, {'ascending' if direction == 'ASC' else 'descending'}."
