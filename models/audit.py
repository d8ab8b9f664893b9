"""The audit: who did what, in a chain of hashes for each tenant that shows every later change.

A record keeps salted digests of what was changed; the values themselves lie in `AuditValue`, so that they can be erased
and the chain still holds. `AuditHead` is the one row that a writer locks: two tenants never wait for each other.
Records and values are partitioned by month (models/partitions.py).
"""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, LargeBinary, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MOMENT, SORTED_TEXT, Base, one_of, vocabulary


class AuditOutcome(StrEnum):
    """How it ended. Published, forever."""

    SUCCEEDED = "SUCCEEDED"
    REFUSED = "REFUSED"
    FAILED = "FAILED"


class AuditActorKind(StrEnum):
    """Who acted: the kinds of principals, our own commands, and whoever said nothing. Published, forever."""

    OPERATOR = "OPERATOR"
    SERVICE = "SERVICE"
    USER = "USER"
    SYSTEM = "SYSTEM"
    ANONYMOUS = "ANONYMOUS"


class AuditAction(StrEnum):
    """What was done, as `noun.verb_in_past`. Published, forever: one may be added, none renamed or reused."""

    TENANT_CREATED = "tenant.created"
    TENANT_UPDATED = "tenant.updated"
    TENANT_MOVED = "tenant.moved"
    TENANT_SUSPENDED = "tenant.suspended"
    TENANT_DELETED = "tenant.deleted"
    TENANT_RESTORED = "tenant.restored"
    ORGANIZATION_CREATED = "organization.created"
    ORGANIZATION_UPDATED = "organization.updated"
    ORGANIZATION_MOVED = "organization.moved"
    ORGANIZATION_DELETED = "organization.deleted"
    ORGANIZATION_RESTORED = "organization.restored"
    LOCATION_CREATED = "location.created"
    LOCATION_UPDATED = "location.updated"
    LOCATION_MOVED = "location.moved"
    LOCATION_DELETED = "location.deleted"
    LOCATION_RESTORED = "location.restored"
    AREA_CREATED = "area.created"
    AREA_UPDATED = "area.updated"
    AREA_MOVED = "area.moved"
    AREA_DELETED = "area.deleted"
    AREA_RESTORED = "area.restored"
    DEVICE_TYPE_CREATED = "device_type.created"
    DEVICE_TYPE_UPDATED = "device_type.updated"
    DEVICE_TYPE_DELETED = "device_type.deleted"
    DEVICE_TYPE_RESTORED = "device_type.restored"
    DEVICE_CREATED = "device.created"
    DEVICE_UPDATED = "device.updated"
    DEVICE_MOVED = "device.moved"
    DEVICE_DELETED = "device.deleted"
    DEVICE_RESTORED = "device.restored"
    ESTATE_IMPORTED = "estate.imported"
    ESTATE_EXPORTED = "estate.exported"
    ESTATE_PURGED = "estate.purged"
    USER_CREATED = "user.created"
    USER_UPDATED = "user.updated"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    USER_DELETED = "user.deleted"
    SERVICE_ACCOUNT_CREATED = "service_account.created"
    SERVICE_ACCOUNT_UPDATED = "service_account.updated"
    SERVICE_ACCOUNT_DISABLED = "service_account.disabled"
    SERVICE_ACCOUNT_ENABLED = "service_account.enabled"
    SERVICE_ACCOUNT_DELETED = "service_account.deleted"
    ROLE_CREATED = "role.created"
    ROLE_UPDATED = "role.updated"
    ROLE_DELETED = "role.deleted"
    ROLE_BINDING_CREATED = "role_binding.created"
    ROLE_BINDING_DELETED = "role_binding.deleted"
    TOKEN_CREATED = "token.created"  # noqa: S105  (a word, not a secret)
    TOKEN_UPDATED = "token.updated"  # noqa: S105
    TOKEN_ROTATED = "token.rotated"  # noqa: S105
    TOKEN_REVOKED = "token.revoked"  # noqa: S105
    TOKEN_VERIFIED = "token.verified"  # noqa: S105
    TOKEN_MISUSED = "token.misused"  # noqa: S105
    SIGN_IN_SUCCEEDED = "sign_in.succeeded"
    SIGN_IN_FAILED = "sign_in.failed"
    AUTHENTICATION_FAILED = "authentication.failed"
    ACCESS_REFUSED = "access.refused"
    ACCESS_EXPLAINED = "access.explained"
    REQUEST_THROTTLED = "request.throttled"
    AUDIT_ERASED = "audit.erased"
    AUDIT_EXPORTED = "audit.exported"
    AUDIT_VERIFIED = "audit.verified"


BY_MONTH = {"postgresql_partition_by": "RANGE (at)"}


class AuditRecord(Base):
    """One thing that was done, or refused; only ever appended.

    `number` counts in a tenant from 1 without gaps, and `at` never goes back while it counts up: so a month holds a run
    of numbers. A partitioned table's key must hold its month, so that the key alone does not keep numbers apart: the
    lock on the head does, and verification finds what did not go through it.
    """

    __tablename__ = "audit_record"

    tenant_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(MOMENT, primary_key=True)
    actor_kind: Mapped[str] = vocabulary(AuditActorKind)
    actor_id: Mapped[str | None] = mapped_column(SORTED_TEXT)
    actor_name: Mapped[str | None] = mapped_column(Text)
    token_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    # No CHECK: a word more must not need every partition's constraint made anew.
    action: Mapped[str] = vocabulary(AuditAction)
    target_type: Mapped[str | None] = mapped_column(Text)
    target_id: Mapped[str | None] = mapped_column(SORTED_TEXT)
    outcome: Mapped[str] = vocabulary(AuditOutcome)
    request_id: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(Text)
    digests: Mapped[dict[str, str]] = mapped_column(JSONB, info={"shown": False})
    prev_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        one_of("outcome", AuditOutcome),
        Index("audit_record_at_number_idx", "tenant_id", "at", "number"),
        Index("audit_record_action_at_number_idx", "tenant_id", "action", "at", "number"),
        *(
            Index(
                f"audit_record_{column}_at_number_idx",
                "tenant_id",
                column,
                "at",
                "number",
                postgresql_where=text(f"{column} IS NOT NULL"),
            )
            for column in ("target_id", "actor_id")
        ),
        BY_MONTH,
    )


class AuditValue(Base):
    """What one field held before and after, as JSON text byte for byte as it was digested; NULL where it was not there.

    A row that is gone was erased. `at` is its record's.
    """

    __tablename__ = "audit_value"

    tenant_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    field: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime] = mapped_column(MOMENT, primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    before: Mapped[str | None] = mapped_column(Text)
    after: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (BY_MONTH,)


class AuditHead(Base):
    """The end of a tenant's chain: the last record's number, hash and time."""

    __tablename__ = "audit_head"

    tenant_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(MOMENT)
