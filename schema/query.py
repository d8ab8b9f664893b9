"""The root of reading: where a query begins. Every field says what it asks of its caller (law 2)."""

from __future__ import annotations

import strawberry

from auth.requirement import AUTHENTICATED, any_of
from auth.scopes import Scope
from loaders import edges
from resolvers.auditing.verifying import MOST, verify_audit
from resolvers.explaining import explain_access
from resolvers.me import me as read_me
from resolvers.mutations import delete_impact
from resolvers.node import node as read_node
from resolvers.node import nodes as read_nodes
from resolvers.roles import built_in_roles
from resolvers.tenant import tenant as read_tenant
from resolvers.token import verify_token
from schema.area import Area
from schema.audit import AuditEvent
from schema.audit_verification import AuditVerification
from schema.connection import Connection
from schema.device import Device
from schema.device_type import DeviceType
from schema.entity import root
from schema.explaining import AccessExplanation
from schema.field import argument, field
from schema.location import Location
from schema.me import Me
from schema.node import Node
from schema.organization import Organization
from schema.problem import DeleteImpact
from schema.role import Role
from schema.role_binding import RoleBinding
from schema.scalars import JSON
from schema.service_account import ServiceAccount
from schema.tenant import Tenant
from schema.token import Token, TokenVerification
from schema.user import User


@root("Reading.")
class Query:
    """Reading."""

    me: Me = field("The caller.", scopes=AUTHENTICATED, resolver=read_me)
    tenant: Tenant | None = field(
        "A tenant within reach; the one that this request acts in where nothing is said.",
        scopes=any_of(Scope.CONTEXT_READ, Scope.PLATFORM_TENANTS_READ),
        resolver=read_tenant,
        arguments=[
            argument("id", strawberry.ID | None, "Its id."),
            argument("slug", str | None, "Its slug."),
        ],
    )
    tenants: Connection[Tenant] = field(
        "The tenant that this request acts in, and all beneath it.",
        edge=edges.tenants_in_reach,
        scopes=any_of(Scope.CONTEXT_READ, Scope.PLATFORM_TENANTS_READ),
    )
    locations: Connection[Location] = field(
        "Buildings and sites.", edge=edges.locations_of_tenant, scopes=any_of(Scope.LOCATIONS_READ)
    )
    areas: Connection[Area] = field(
        "Areas in all locations.", edge=edges.areas_of_tenant, scopes=any_of(Scope.AREAS_READ)
    )
    devices: Connection[Device] = field("Devices.", edge=edges.devices_of_tenant, scopes=any_of(Scope.DEVICES_READ))
    device_types: Connection[DeviceType] = field(
        "Device types.", edge=edges.device_types_of_tenant, scopes=any_of(Scope.DEVICE_TYPES_READ)
    )
    organizations: Connection[Organization] = field(
        "Organizations.", edge=edges.organizations_of_tenant, scopes=any_of(Scope.ORGANIZATIONS_READ)
    )
    tokens: Connection[Token] = field(
        "Tokens, the revoked ones too; `filter: {revokedAt: {isNull: true}}` leaves those out.",
        edge=edges.tokens_of_tenant,
        scopes=any_of(Scope.TOKENS_READ),
    )
    users: Connection[User] = field("People.", edge=edges.users_of_tenant, scopes=any_of(Scope.USERS_READ))
    service_accounts: Connection[ServiceAccount] = field(
        "The accounts of programs.", edge=edges.service_accounts_of_tenant, scopes=any_of(Scope.SERVICE_ACCOUNTS_READ)
    )
    roles: Connection[Role] = field(
        "The roles that the tenant made.", edge=edges.roles_of_tenant, scopes=any_of(Scope.ROLES_READ)
    )
    built_in_roles: list[Role] = field(
        "The roles that every tenant has.", scopes=any_of(Scope.ROLES_READ), resolver=built_in_roles
    )
    role_bindings: Connection[RoleBinding] = field(
        "Who has which role, where.", edge=edges.role_bindings_of_tenant, scopes=any_of(Scope.ROLES_READ)
    )
    audit_events: Connection[AuditEvent] = field(
        "The tenant's audit, the newest first; empty for a right that is bound to a node of the estate.",
        edge=edges.audit_events_of_tenant,
        scopes=any_of(Scope.AUDIT_READ),
    )
    verify_audit: AuditVerification = field(
        "Follows the tenant's chain of hashes, and compares it with the signed checkpoints that this server keeps. "
        f"At most some {MOST:,} records at once. Asks for a right over the whole tenant, and is recorded itself.",
        scopes=any_of(Scope.AUDIT_READ),
        resolver=verify_audit,
        arguments=[
            argument(
                "afterNumber",
                strawberry.ID | None,
                "Only what follows this record, which is taken as it is: the `lastNumber` of an answer before.",
            )
        ],
    )
    verify_token: TokenVerification = field(
        "What a token's text comes to: whether it is good, until when, and what for. Send it as a variable.",
        scopes=any_of(Scope.TOKENS_READ),
        resolver=verify_token,
        arguments=[argument("token", str, "The text, as a caller would send it.")],
    )
    explain_access: AccessExplanation = field(
        "What an operation asks for, and what of it a token may have: the caller's own, or another that it may read. "
        "Runs nothing.",
        scopes=AUTHENTICATED,
        resolver=explain_access,
        arguments=[
            argument("operation", str, "The document; a query, a mutation or a subscription."),
            argument("variables", JSON | None, "Its variables: an object. They tell which types ids are of."),
            argument("operationName", str | None, "Which operation of the document, where it has several."),
            argument("token", str | None, "Another token: its id, or its text, which is sent as a variable alone."),
        ],
    )
    node: Node | None = field(
        "The thing with this id; null where it is out of reach. Its type asks for its own scope.",
        scopes=AUTHENTICATED,
        resolver=read_node,
        arguments=[argument("id", strawberry.ID, "Its id.")],
    )
    delete_impact: DeleteImpact | None = field(
        "What deleting this thing with `cascade` would take along; null where it is out of reach. Changes nothing.",
        scopes=AUTHENTICATED,
        resolver=delete_impact,
        arguments=[argument("id", strawberry.ID, "Its id.")],
    )
    nodes: list[Node | None] = field(
        "The things with these ids (at most 100), in their order; null for each that is out of reach.",
        scopes=AUTHENTICATED,
        resolver=read_nodes,
        arguments=[argument("ids", list[strawberry.ID], "Their ids.")],
    )
