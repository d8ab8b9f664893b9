"""What is written of a token, checked: every value that is wrong is told at once."""

import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from auth.networks import MOST_NETWORKS, network
from auth.scopes import Scope
from models import PLATFORM_ID
from resolvers.names import checked_name
from resolvers.problems import Invalid, Problem

SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(days=365)
DEFAULT = timedelta(days=90)
LONGEST_OVERLAP = timedelta(hours=24)
DEFAULT_OVERLAP = timedelta(hours=1)

Checks = dict[str, Callable[[], Any]]


def all_checked(checks: Checks) -> dict[str, Any]:
    """What each check gives, by its column.

    Raises:
        Problem: Invalid, with every one that failed.
    """
    good: dict[str, Any] = {}
    wrong: list[Invalid] = []
    for column, check in checks.items():
        try:
            good[column] = check()
        except Problem as problem:
            if not isinstance(problem.noun, Invalid):
                raise
            wrong.append(problem.noun)
    if wrong:
        first, *others = wrong
        raise Problem(Invalid(first.field, first.message, tuple(others)))
    return good


def name_of(text: str | None) -> str:
    """The name as given. Raises Problem (Invalid)."""
    if text is None:
        raise Problem(Invalid("name", "The name must not be null."))
    return checked_name("name", text)


def scopes_of(tenant_id: uuid.UUID, names: Iterable[str] | None) -> list[str]:
    """Scopes as they are stored: sorted, each once. Raises Problem (Invalid)."""
    wanted = sorted(set(names or ()))
    if not wanted:
        raise Problem(Invalid("scopes", "A token without a scope could do nothing: name one at least."))
    known = set(Scope)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise Problem(Invalid("scopes", f"{unknown[0][:64]!r} is no scope; docs/scopes.md lists them."))
    beyond = [name for name in wanted if name.startswith("platform.")]
    if beyond and tenant_id != PLATFORM_ID:
        raise Problem(Invalid("scopes", f"Only an operator's token can hold {', '.join(beyond)}."))
    return [str(name) for name in wanted]


def end_of(now: datetime, expires_in: timedelta | None, expires_at: datetime | None = None) -> datetime:
    """When a token ends that is made now: after 90 days, where nothing is said. Raises Problem (Invalid)."""
    if expires_in is not None and expires_at is not None:
        raise Problem(Invalid("expiresAt", "expiresAt does not go with expiresIn: say one of them."))
    lives = expires_at - now if expires_at is not None else DEFAULT if expires_in is None else expires_in
    if not SHORTEST <= lives <= LONGEST:
        field = "expiresIn" if expires_at is None else "expiresAt"
        raise Problem(Invalid(field, "A token lives at least 1 second and at most 365 days."))
    return now + lives if expires_at is None else expires_at


def networks_of(texts: Iterable[str] | None) -> list[str]:
    """Networks as they are stored: in the one form, each once. Raises Problem (Invalid)."""
    given = list(texts or ())
    if len(given) > MOST_NETWORKS:
        raise Problem(Invalid("networks", f"There are {len(given):,} networks; {MOST_NETWORKS} are allowed."))
    try:
        return list(dict.fromkeys(str(network(text)) for text in given))
    except ValueError as error:
        raise Problem(Invalid("networks", f"{error}.".replace("?.", "?"))) from None


def overlap_of(seconds: int | None) -> timedelta:
    """How long the secret before stays good: an hour, where nothing is said. Raises Problem (Invalid)."""
    chosen = DEFAULT_OVERLAP if seconds is None else timedelta(seconds=seconds)
    if not timedelta() <= chosen <= LONGEST_OVERLAP:
        raise Problem(Invalid("overlap", "The secrets overlap for 0 seconds to 24 hours (86,400 seconds)."))
    return chosen
