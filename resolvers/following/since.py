"""Where a reader of a feed begins."""

from auth.codes import Code, Refusal
from loaders.window import number_of
from resolvers.following.feed import Feed


def begin(feed: Feed, head: int, given: str | None) -> int:
    """The number after which to begin: the one that was given, or the last one that there is (`head`).

    Raises:
        Refusal: BAD_USER_INPUT, where nobody can have seen that number.
    """
    if given is None:
        return head
    number = number_of(given)
    if number is None or number > head:
        raise Refusal(
            Code.BAD_USER_INPUT,
            f"Argument '{feed.since}' must be the number of an event that was seen, from 0 to {head}.",
            extensions={"argument": feed.since},
        )
    return number
