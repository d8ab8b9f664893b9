"""What a mutation answers where it changed nothing: a few problems, shared by all of them."""

from __future__ import annotations

import strawberry

from schema.field import field, shareable


@strawberry.federation.interface(description="Why a mutation changed nothing.")
class Problem:
    """What every problem has."""

    message: str = field("What is wrong and what to do, for people.")


@strawberry.federation.type(description="There is no such thing, or not for this caller.")
class NotFound(Problem):
    """There is no such thing."""

    message: str = field("What is wrong and what to do, for people.")


@strawberry.federation.type(description="The change does not fit what is there: a stale version, a key that is taken.")
class Conflict(Problem):
    """The change does not fit what is there."""

    message: str = field("What is wrong and what to do, for people.")
    current_version: int | None = field("Where `ifVersion` was stale, the version that the thing is at.")


@strawberry.federation.type(description="A field of the input that is refused.", directives=shareable())
class InvalidField:
    """A field of the input that is refused."""

    path: list[str] = field("Where it is in the input.")
    message: str = field("What is wrong with it.")


@strawberry.federation.type(description="Values of the input are refused.")
class Invalid(Problem):
    """Values of the input are refused."""

    message: str = field("What is wrong and what to do, for people.")
    fields: list[InvalidField] = field("Every field that is refused.")


@strawberry.federation.type(description="How many things of a type.", directives=shareable())
class TypeCount:
    """How many things of a type."""

    type: str = field("The type's name.")
    count: int = field("How many.")


@strawberry.federation.type(description="Things hang on what was to be deleted.")
class NotEmpty(Problem):
    """Things hang on what was to be deleted."""

    message: str = field("What is wrong and what to do, for people.")
    counts: list[TypeCount] = field("What hangs on it.")


@strawberry.federation.type(description="The change would reach further than the caller may.")
class Forbidden(Problem):
    """The change would reach further than the caller may."""

    message: str = field("What is wrong and what to do, for people.")
    missing: list[str] = field("The scopes that the token lacks; none where no scope would do.")


@strawberry.federation.type(description="What was deleted. `restore…` with the id brings all of it back.")
class Deletion:
    """What was deleted."""

    id: strawberry.ID = field("The id of the thing that was named.")
    counts: list[TypeCount] = field("What went, the thing itself included.")


@strawberry.federation.type(description="What a deletion with `cascade` would take along. Nothing was changed.")
class DeleteImpact:
    """What a deletion would take along."""

    counts: list[TypeCount] = field("What would go, the thing itself included.")
