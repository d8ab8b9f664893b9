"""Role bindings: who has which role, beneath which node. They add up."""

import uuid
from datetime import datetime
from typing import ClassVar

from sqlalchemy import CheckConstraint, Index, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MOMENT, Base, TenantRow, ordered, within_tenant
from models.ids import Prefix


class RoleBinding(TenantRow, Base):
    """A role that a person or a service account has beneath a node; without a node in the whole tenant, and beneath.

    The role is a tenant's own (`role_id`), or one that every tenant has, by its key (`built_in`). An area is named
    together with its location. A binding never changes: it is made, and it is deleted.
    """

    __tablename__ = "role_binding"
    prefix: ClassVar[Prefix] = Prefix.ROLE_BINDING

    user_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    service_account_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    role_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    built_in: Mapped[str | None] = mapped_column(Text)
    organization_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    location_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    area_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    created_at: Mapped[datetime] = mapped_column(MOMENT, sort_order=90)

    __table_args__ = (
        within_tenant(["user_id"], "tenant_user"),
        within_tenant(["service_account_id"], "service_account"),
        within_tenant(["role_id"], "role"),
        within_tenant(["organization_id"], "organization"),
        within_tenant(["location_id"], "location"),
        within_tenant(["location_id", "area_id"], "area", ["location_id", "id"]),
        CheckConstraint("num_nonnulls(user_id, service_account_id) = 1", name="principal"),
        CheckConstraint("num_nonnulls(role_id, built_in) = 1", name="role"),
        CheckConstraint(
            "num_nonnulls(organization_id, location_id) <= 1 AND (area_id IS NULL OR location_id IS NOT NULL)",
            name="node",
        ),
        Index(
            "role_binding_all_key",
            "tenant_id",
            "user_id",
            "service_account_id",
            "role_id",
            "built_in",
            "organization_id",
            "location_id",
            "area_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        *(
            ordered("role_binding", *columns, where=f"{columns[0]} IS NOT NULL")
            for columns in (
                ("user_id", "id"),
                ("service_account_id", "id"),
                ("role_id", "id"),
                # For the checks of keys when what a role is bound to is purged.
                ("organization_id",),
                ("location_id", "area_id"),
            )
        ),
    )
