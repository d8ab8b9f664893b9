"""Whom an issuer's people are here: a tenant's issuer, and the roles that its roles and groups stand for.

Computed at every sign-in, stored for nobody: who leaves a group loses what it stood for with the next token.
"""

from dataclasses import dataclass
from enum import StrEnum

from auth.grants import Grant
from auth.oidc.browser import BrowserClient
from auth.oidc.issuer import Issuer
from auth.oidc.verified import VerifiedToken
from auth.roles import BuiltInRole
from models.hierarchy import Node


class Claim(StrEnum):
    """What of a token puts its bearer into a cohort."""

    ROLE = "role"
    GROUP = "group"
    EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Cohort:
    """Everybody with this role or in this group of the issuer's; `node` is None for the whole tenant."""

    claim: Claim
    value: str
    role: BuiltInRole
    node: Node | None = None

    @property
    def told(self) -> str:
        """The cohort in words, for the audit."""
        node = "" if self.node is None else f" on {self.node.kind.lower()} {self.node.id}"
        return f"{self.claim} {self.value}: {self.role.key}{node}"

    def has(self, verified: VerifiedToken) -> bool:
        """Whether the token's bearer is one of them."""
        match self.claim:
            case Claim.ROLE:
                return self.value in verified.roles
            case Claim.GROUP:
                return self.value in verified.groups
            case Claim.EVERYONE:
                return True


@dataclass(frozen=True, slots=True)
class Trust:
    """A tenant, by its slug, that trusts an issuer, and whom it lets do what; `browser` is how people sign in here."""

    tenant: str
    issuer: Issuer
    cohorts: tuple[Cohort, ...]
    browser: BrowserClient | None = None

    def matched(self, verified: VerifiedToken) -> tuple[Cohort, ...]:
        """The cohorts that the bearer belongs to."""
        return tuple(cohort for cohort in self.cohorts if cohort.has(verified))

    def grants(self, verified: VerifiedToken) -> tuple[Grant, ...]:
        """What the bearer may do where: the roles of all its cohorts add up."""
        return tuple(
            Grant(cohort.role.scopes, () if cohort.node is None else (cohort.node,))
            for cohort in self.matched(verified)
        )
