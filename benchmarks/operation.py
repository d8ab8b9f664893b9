"""An operation that is counted: what is sent, and why it costs what it costs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.estate import Estate

Variables = dict[str, Any]
# The variables of one request in an estate; `run` counts the requests, for values that must be new or different.
Fill = Callable[[Estate, int], Variables]


def nothing(_estate: Estate, _run: int) -> Variables:
    """No variables."""
    return {}


@dataclass(frozen=True)
class Request:
    """A document and its variables."""

    document: str
    fill: Fill = nothing


@dataclass(frozen=True)
class Operation:
    """One line of the table. `field` is the root field that it counts, as `Query.devices`.

    `why` says what the statements are where they are not one; `grows` why they may become more with the rows, which is
    an exception that has to be argued. `before` and `after` are sent around each request, uncounted. Of a
    subscription one event is read, or the stream to its end.
    """

    name: str
    field: str
    request: Request
    why: str = ""
    grows: str = ""
    before: Request | None = None
    after: Request | None = None
    reads: Literal["answer", "event", "stream"] = "answer"
