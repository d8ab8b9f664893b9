"""One request of a case, as bytes that any client sends."""

from dataclasses import dataclass, field
from typing import Any

import orjson

# Stands for a number that no other request of a run has: so many digits, whose place the driver fills.
UNIQUE = "@@@@@@@@@"


@dataclass(frozen=True)
class Ask:
    """An HTTP request; `token` is presented where there is one."""

    path: str
    body: bytes = b""
    method: str = "POST"
    token: str | None = field(default=None, repr=False)

    def headers(self) -> dict[str, str]:
        """Its headers, but for host and length."""
        said = {"Accept": "application/json"}
        if self.body:
            said["Content-Type"] = "application/json"
        if self.token is not None:
            said["Authorization"] = f"Bearer {self.token}"
        return said

    def raw(self, host: str) -> bytes:
        """As it goes over the wire."""
        said = {"Host": host, **self.headers(), "Content-Length": str(len(self.body))}
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items())]
        return "\r\n".join([*lines, "", ""]).encode() + self.body

    def numbered(self, number: int) -> "Ask":
        """With a number in the place of UNIQUE."""
        return Ask(self.path, self.body.replace(UNIQUE.encode(), b"%09d" % number), self.method, self.token)


def graphql(document: str, variables: dict[str, Any] | None = None, token: str | None = None) -> Ask:
    """An operation by POST, its document in one line."""
    body = {"query": " ".join(document.split()), "variables": variables or {}}
    return Ask("/graphql", orjson.dumps(body, default=str), token=token)
