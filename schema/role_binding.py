"""Role bindings: who has which role, where."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from auth.requirement import any_of
from auth.scopes import Scope
from loaders import edges
from loaders.entities import ROLE_BINDING
from resolvers.roles import role_of_binding
from resolvers.token import node_of_token
from schema.connection import connection_of
from schema.entity import entity
from schema.field import field
from schema.me import Reach
from schema.role import Role

if TYPE_CHECKING:
    from schema.service_account import ServiceAccount
    from schema.user import User

RoleBindingConnection, RoleBindingEdge, RoleBindingFilter, RoleBindingOrder = connection_of(ROLE_BINDING)


@entity(
    ROLE_BINDING,
    scopes=any_of(Scope.ROLES_READ),
    description="A role that somebody has beneath a node. Bindings add up; what is bound to a node is blind beside it.",
    keyed=False,
)
class RoleBinding:
    """A role that somebody has beneath a node."""

    role: Role | None = field("What it lets do.", resolver=role_of_binding)
    node: Reach = field("Where.", resolver=node_of_token)
    user: User | None = field("The person who has it.", edge=edges.user_of_role_binding)
    service_account: ServiceAccount | None = field(
        "The program that has it.", edge=edges.service_account_of_role_binding
    )
    created_at: datetime = field("When it was made.")
