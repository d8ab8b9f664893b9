"""The three words of the guard: what a type or field asks of its caller (law 2).

A requirement is a choice of sets: `[["a", "b"], ["c"]]` means (a and b) or c, as `@requiresScopes` prints it.
"""

from dataclasses import dataclass

from auth.scopes import Scope

NOTHING = frozenset[Scope]()


@dataclass(frozen=True)
class Requirement:
    """`choices` empty means that being signed in is enough; `open` means that not even that is asked."""

    choices: tuple[frozenset[Scope], ...] = ()
    open: bool = False

    def missing(self, held: frozenset[Scope]) -> frozenset[Scope]:
        """The smallest set of scopes that would still be needed, the first said of several; empty when it is met."""
        for choice in self.choices:
            if choice <= held:
                return NOTHING
        return min((choice - held for choice in self.choices), key=len, default=NOTHING)

    def __and__(self, other: "Requirement") -> "Requirement":
        """Both at once: each choice of the one with each choice of the other."""
        both = (mine | theirs for mine in self.choices or (NOTHING,) for theirs in other.choices or (NOTHING,))
        return Requirement(tuple(choice for choice in both if choice), open=self.open and other.open)


def any_of(*scopes: Scope) -> Requirement:
    """One of these scopes is enough."""
    if not scopes:
        raise ValueError("an empty choice would let nobody or everybody in: use AUTHENTICATED or PUBLIC")
    return Requirement(tuple(frozenset({scope}) for scope in scopes))


def all_of(*scopes: Scope) -> Requirement:
    """Every one of these scopes is needed."""
    if not scopes:
        raise ValueError("an empty set would let nobody or everybody in: use AUTHENTICATED or PUBLIC")
    return Requirement((frozenset(scopes),))


AUTHENTICATED = Requirement()
PUBLIC = Requirement(open=True)
