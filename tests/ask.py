"""Asking the graph in process, as a caller with exactly the scopes that a test names."""

import uuid
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Protocol

import orjson

from auth.principal import Caller, Principal, TenantRef, kind_of
from auth.scopes import Scope
from models.clock import Clock
from models.hierarchy import Node
from schema.operation import Answer
from tests.estate import Estate


@dataclass(frozen=True)
class Outcome:
    """An answer, taken apart."""

    answer: Answer

    @property
    def body(self) -> dict[str, Any]:
        """The whole response."""
        parsed: dict[str, Any] = orjson.loads(self.answer.body)
        return parsed

    @property
    def status(self) -> int:
        """The HTTP status for `application/graphql-response+json`."""
        return self.answer.status

    @property
    def data(self) -> Any:
        """`data`, or None where the request was refused."""
        return self.body.get("data")

    @property
    def errors(self) -> list[dict[str, Any]]:
        """`errors`, empty where there are none."""
        found: list[dict[str, Any]] = self.body.get("errors", [])
        return found

    @property
    def codes(self) -> list[str]:
        """Each error's code."""
        return [error["extensions"]["code"] for error in self.errors]


class Ask(Protocol):
    """`outcome = await ask(acme, "{ devices { totalCount } }", Scope.DEVICES_READ)`."""

    def __call__(self, estate: Estate, query: str, *scopes: Scope, **variables: Any) -> Awaitable[Outcome]:
        """Run the query as a service of this estate's tenant."""
        ...


def caller_of(
    tenant: SimpleNamespace,
    clock: Clock,
    scopes: frozenset[Scope],
    acting_in: SimpleNamespace | None = None,
    *,
    node: Node | None = None,
) -> Caller:
    """A caller whose token belongs to `tenant`, and is bound to `node` of it."""
    home = reference(tenant)
    principal = Principal(
        kind=kind_of(home.id),
        name="a test",
        token_id=uuid.UUID(int=1),
        expires_at=clock.now() + timedelta(days=1),
        scopes=scopes,
        home=home,
        node=node,
    )
    return Caller(principal, reference(acting_in) if acting_in else home)


def reference(tenant: SimpleNamespace) -> TenantRef:
    """The tenant as the request path knows it."""
    return TenantRef(tenant.id, tenant.slug, tenant.status, tuple(tenant.path))
