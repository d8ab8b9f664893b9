"""Which way an operation goes, for whoever wants to know what it costs, and how that is told beside its answer."""

from dataclasses import dataclass

import orjson

from auth.guard import Demand
from auth.requirement import any_of
from auth.scopes import Scope
from schema.operation import Answer, PlanWanted

# Whoever may ask: PostgreSQL's estimates come from the rows of all tenants.
ASKED = Demand("Tenantry-Plan", any_of(Scope.PLATFORM_PLANS_READ))


EXPLAIN = {PlanWanted.EXPLAIN: "EXPLAIN", PlanWanted.ANALYZE: "EXPLAIN (ANALYZE, BUFFERS)"}


@dataclass(frozen=True, slots=True)
class Planned:
    """One statement with PostgreSQL's plan, line by line; or why graphql-core runs the operation."""

    statement: str | None = None
    plan: tuple[str, ...] = ()
    reason: str | None = None

    def beside(self, answer: Answer) -> Answer:
        """The answer with this in its `extensions`."""
        told = {"compiled": self.statement is not None}
        told |= {name: value for name in ("statement", "plan", "reason") if (value := getattr(self, name))}
        body = answer.body[:-1] + b',"extensions":' + orjson.dumps({"plan": told}) + b"}"
        return answer._replace(body=body)
