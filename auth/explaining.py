"""Explaining access: what each place of an operation asks for, whether a caller may have it, and why. Runs nothing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import and_
from typing import Any, Protocol

from auth.grants import scopes_of
from auth.principal import Caller
from auth.requirement import AUTHENTICATED, Requirement
from auth.scopes import Scope
from auth.smallest import smallest
from auth.verifying import TokenState
from auth.walk import Place
from models.hierarchy import Reach


class AccessReason(StrEnum):
    """Why a field is granted or not. Published, forever."""

    GRANTED = "GRANTED"
    REACH = "REACH"
    SCOPE = "SCOPE"
    OWNER = "OWNER"
    TENANT = "TENANT"
    STATE = "STATE"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a place of an operation asks for: itself, or where it asks for nothing, what is around it."""

    path: tuple[str, ...]
    coordinate: str
    requirement: Requirement


@dataclass(frozen=True, slots=True)
class Access:
    """Whether a caller may have what a place asks for; `missing` is what it would still need there.

    `within` is where it may have it, if that is less than everything.
    """

    asked: Asked
    reason: AccessReason
    missing: frozenset[Scope] = frozenset()
    within: Reach = None

    @property
    def granted(self) -> bool:
        """It may, beneath some nodes at least."""
        return self.reason in {AccessReason.GRANTED, AccessReason.REACH}


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole operation; `lacking` is what of the smallest set that would do the caller does not hold."""

    state: TokenState
    fields: tuple[Access, ...]
    smallest: frozenset[Scope]
    lacking: frozenset[Scope]

    @property
    def allowed(self) -> bool:
        """Whether nothing of it would be refused."""
        return all(field.granted for field in self.fields)


class Examines(Protocol):
    """What the places of an operation ask for."""

    def __call__(self, text: str, variables: dict[str, Any], operation_name: str | None = None) -> tuple[Asked, ...]:
        """Raises Refusal where the operation would not be run for anybody: it is invalid, or out of bounds."""
        ...


def asked_at(places: Iterable[Place], named: Callable[[Place], Iterable[Requirement]]) -> tuple[Asked, ...]:
    """What each place asks for; `named` tells what only the arguments of a field tell, such as the type of an id."""
    asks: dict[Place | None, Requirement] = {None: AUTHENTICATED}
    paths: dict[Place | None, tuple[str, ...]] = {None: ()}
    found: dict[tuple[tuple[str, ...], str], Requirement] = {}
    for place in places:
        own = all_at_once([*place.requirements, *named(place)])
        asks[place] = own if own.choices else asks[place.around]
        paths[place] = paths[place.around] if place.key is None else (*paths[place.around], place.key)
        key = paths[place], place.coordinate
        found[key] = all_at_once([found.get(key, AUTHENTICATED), asks[place]])
    return tuple(Asked(path, coordinate, requirement) for (path, coordinate), requirement in found.items())


def all_at_once(requirements: Iterable[Requirement]) -> Requirement:
    """One requirement for several, without choices that ask for more than another one does."""
    both = reduce(and_, dict.fromkeys(requirements), AUTHENTICATED)
    choices = tuple(dict.fromkeys(both.choices))
    return Requirement(tuple(each for each in choices if not any(other < each for other in choices)))


def explain(asked: Iterable[Asked], caller: Caller, state: TokenState = TokenState.ACTIVE) -> Explanation:
    """What a caller whose token is in this `state` may have of an operation, in the tenant that it acts in."""
    places = tuple(asked)
    fewest = smallest((each.requirement for each in places), caller.scopes)
    fields = tuple(_access(each, caller, state) for each in places)
    return Explanation(state, fields, fewest, fewest - caller.scopes)


def _access(asked: Asked, caller: Caller, state: TokenState) -> Access:
    if state is not TokenState.ACTIVE:
        return Access(asked, AccessReason.STATE)
    missing = asked.requirement.missing(caller.scopes)
    if missing:
        return Access(asked, _why(missing, caller), missing)
    within = caller.reach(asked.requirement) if asked.requirement.choices else None
    return Access(asked, AccessReason.GRANTED if within is None else AccessReason.REACH, within=within)


def _why(missing: frozenset[Scope], caller: Caller) -> AccessReason:
    """Of several reasons the first: what the token does not hold, its owner cannot help."""
    principal = caller.principal
    if missing - principal.scopes:
        return AccessReason.SCOPE
    return AccessReason.OWNER if missing - scopes_of(principal.grants) else AccessReason.TENANT
