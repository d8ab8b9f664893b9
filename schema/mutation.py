"""The root of changing. Each field is a transaction of its own, committed before the next one starts (law 3)."""

from typing import Annotated, Any

import strawberry

from auth.requirement import any_of
from auth.scopes import Scope
from resolvers.deleting_tenants import delete_tenant
from resolvers.mutations import Action, mutation
from resolvers.writing.bulk.create import create as create_many
from resolvers.writing.bulk.update import update as update_many
from resolvers.writing.create import create
from resolvers.writing.delete import delete, restore
from resolvers.writing.nouns import (
    AREA_NOUN,
    DEVICE_NOUN,
    DEVICE_TYPE_NOUN,
    LOCATION_NOUN,
    ORGANIZATION_NOUN,
    Noun,
)
from resolvers.writing.principals.nouns import ROLE_NOUN, SERVICE_ACCOUNT_NOUN, USER_NOUN
from resolvers.writing.tenants.create import create as create_tenant
from resolvers.writing.tenants.noun import TENANT_NOUN
from resolvers.writing.tenants.restore import restore as restore_tenant
from resolvers.writing.tenants.update import suspend as suspend_tenant
from resolvers.writing.tenants.update import update as update_tenant
from resolvers.writing.update import move, update
from schema import inputs, principal_changes, token_changes
from schema.area import Area
from schema.bulk import BulkDevicesResult, bulk
from schema.device import Device
from schema.device_type import DeviceType
from schema.field import argument, field
from schema.location import Location
from schema.organization import Organization
from schema.principal_changes import (
    RemovalResult,
    RoleBindingResult,
    RoleResult,
    ServiceAccountResult,
    UserResult,
)
from schema.problem import Conflict, Deletion, Forbidden, Invalid, NotEmpty, NotFound
from schema.tenant import Tenant
from schema.token_changes import IssuedTokenResult, TokenResult

BENEATH = "a tenant beneath the one that the request acts in"
Refused = NotFound | Conflict | Invalid | Forbidden
LocationResult = Annotated[
    Location | Refused, strawberry.union("LocationResult", description="A location, or why not.")
]
AreaResult = Annotated[Area | Refused, strawberry.union("AreaResult", description="An area, or why not.")]
OrganizationResult = Annotated[
    Organization | Refused, strawberry.union("OrganizationResult", description="An organization, or why not.")
]
DeviceTypeResult = Annotated[
    DeviceType | Refused, strawberry.union("DeviceTypeResult", description="A device type, or why not.")
]
DeviceResult = Annotated[Device | Refused, strawberry.union("DeviceResult", description="A device, or why not.")]
TenantResult = Annotated[Tenant | Refused, strawberry.union("TenantResult", description="A tenant, or why not.")]
DeletionResult = Annotated[
    Deletion | Refused | NotEmpty, strawberry.union("DeletionResult", description="What was deleted, or why not.")
]


def _field(noun: Noun, action: Action, description: str, given: type) -> Any:
    return field(
        description,
        scopes=any_of(noun.scope),
        resolver=mutation(noun, action),
        arguments=[argument("input", given, "What is asked for.")],
    )


def _of_tenants(resolver: Any, description: str, given: type) -> Any:
    return field(
        description,
        scopes=any_of(TENANT_NOUN.scope, Scope.PLATFORM_TENANTS_WRITE),
        resolver=resolver,
        arguments=[argument("input", given, "What is asked for.")],
    )


def _creates(noun: Noun) -> Any:
    return _field(noun, create, f"Create a {noun.named}.", inputs.creating(noun))


def _updates(noun: Noun) -> Any:
    return _field(noun, update, f"Change fields of a {noun.named}.", inputs.updating(noun))


def _moves(noun: Noun) -> Any:
    return _field(noun, move, f"Move a {noun.named}; it keeps its id and history.", inputs.moving(noun))


def _deletes(noun: Noun) -> Any:
    return _field(noun, delete, f"Delete a {noun.named}, softly.", inputs.DELETING)


def _restores(noun: Noun) -> Any:
    return _field(noun, restore, f"Bring a deleted {noun.named} back.", inputs.RESTORING)


@strawberry.federation.type(description="Changing. Each field is a transaction of its own, in the order written.")
class Mutation:
    """Changing."""

    create_location: LocationResult | None = _creates(LOCATION_NOUN)
    update_location: LocationResult | None = _updates(LOCATION_NOUN)
    move_location: LocationResult | None = _moves(LOCATION_NOUN)
    delete_location: DeletionResult | None = _deletes(LOCATION_NOUN)
    restore_location: LocationResult | None = _restores(LOCATION_NOUN)
    create_area: AreaResult | None = _creates(AREA_NOUN)
    update_area: AreaResult | None = _updates(AREA_NOUN)
    move_area: AreaResult | None = _moves(AREA_NOUN)
    delete_area: DeletionResult | None = _deletes(AREA_NOUN)
    restore_area: AreaResult | None = _restores(AREA_NOUN)
    create_organization: OrganizationResult | None = _creates(ORGANIZATION_NOUN)
    update_organization: OrganizationResult | None = _updates(ORGANIZATION_NOUN)
    move_organization: OrganizationResult | None = _moves(ORGANIZATION_NOUN)
    delete_organization: DeletionResult | None = _deletes(ORGANIZATION_NOUN)
    restore_organization: OrganizationResult | None = _restores(ORGANIZATION_NOUN)
    create_device_type: DeviceTypeResult | None = _creates(DEVICE_TYPE_NOUN)
    update_device_type: DeviceTypeResult | None = _updates(DEVICE_TYPE_NOUN)
    delete_device_type: DeletionResult | None = _deletes(DEVICE_TYPE_NOUN)
    restore_device_type: DeviceTypeResult | None = _restores(DEVICE_TYPE_NOUN)
    create_device: DeviceResult | None = _creates(DEVICE_NOUN)
    update_device: DeviceResult | None = _updates(DEVICE_NOUN)
    move_device: DeviceResult | None = _moves(DEVICE_NOUN)
    delete_device: DeletionResult | None = _deletes(DEVICE_NOUN)
    restore_device: DeviceResult | None = _restores(DEVICE_NOUN)
    bulk_create_devices: BulkDevicesResult | None = bulk(
        create_many, "Create devices", inputs.bulk_creating(DEVICE_NOUN)
    )
    bulk_update_devices: BulkDevicesResult | None = bulk(
        update_many, "Change fields of devices", inputs.bulk_updating(DEVICE_NOUN)
    )
    create_tenant: TenantResult | None = _of_tenants(
        mutation(TENANT_NOUN, create_tenant), f"Create {BENEATH}.", inputs.creating(TENANT_NOUN)
    )
    update_tenant: TenantResult | None = _of_tenants(
        mutation(TENANT_NOUN, update_tenant), f"Change fields of {BENEATH}.", inputs.updating(TENANT_NOUN)
    )
    suspend_tenant: TenantResult | None = _of_tenants(
        mutation(TENANT_NOUN, suspend_tenant),
        f"Suspend {BENEATH}: its own tokens are refused, those of the tenants above it still act in it.",
        inputs.SUSPENDING,
    )
    delete_tenant: DeletionResult | None = _of_tenants(
        delete_tenant, f"Delete {BENEATH}, softly: its estate stays, and nobody can act in it.", inputs.DELETING
    )
    restore_tenant: TenantResult | None = _of_tenants(
        mutation(TENANT_NOUN, restore_tenant),
        f"Bring {BENEATH} back from suspension, or from deletion with all that went with it.",
        inputs.RESTORING,
    )
    create_user: UserResult | None = principal_changes.creates(USER_NOUN)
    update_user: UserResult | None = principal_changes.updates(USER_NOUN)
    disable_user: UserResult | None = principal_changes.disables(USER_NOUN)
    enable_user: UserResult | None = principal_changes.enables(USER_NOUN)
    delete_user: RemovalResult | None = principal_changes.deletes(USER_NOUN)
    create_service_account: ServiceAccountResult | None = principal_changes.creates(SERVICE_ACCOUNT_NOUN)
    update_service_account: ServiceAccountResult | None = principal_changes.updates(SERVICE_ACCOUNT_NOUN)
    disable_service_account: ServiceAccountResult | None = principal_changes.disables(SERVICE_ACCOUNT_NOUN)
    enable_service_account: ServiceAccountResult | None = principal_changes.enables(SERVICE_ACCOUNT_NOUN)
    delete_service_account: RemovalResult | None = principal_changes.deletes(SERVICE_ACCOUNT_NOUN)
    create_role: RoleResult | None = principal_changes.creates(ROLE_NOUN)
    update_role: RoleResult | None = principal_changes.updates(ROLE_NOUN)
    delete_role: RemovalResult | None = principal_changes.deletes(ROLE_NOUN)
    create_role_binding: RoleBindingResult | None = principal_changes.BINDS
    delete_role_binding: RemovalResult | None = principal_changes.UNBINDS
    create_token: IssuedTokenResult | None = token_changes.CREATES
    update_token: TokenResult | None = token_changes.UPDATES
    rotate_token: IssuedTokenResult | None = token_changes.ROTATES
    revoke_token: TokenResult | None = token_changes.REVOKES
    rotate_own_token: IssuedTokenResult | None = token_changes.ROTATES_OWN
    revoke_own_token: TokenResult | None = token_changes.REVOKES_OWN
