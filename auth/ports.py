"""What `auth` needs of the world outside, as protocols; `integrations` implement them."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from auth.attempts import Attempt
from auth.credentials import Address
from auth.oidc.issuer import Issuer
from auth.principal import PrincipalKind
from models.ids import Prefix


class KeySetUnavailable(Exception):
    """An issuer did not answer, or not with what was asked; the message is for the log, never for a caller."""


class Watch(Protocol):
    """Keeps what happens at the door. A request never waits for it, and never fails with it."""

    def refused(self, attempt: Attempt, address: Address | None, request_id: str | None) -> None:
        """Somebody tried to get in, just now."""
        ...


class KeySets(Protocol):
    """Where the keys of issuers come from. Whatever is asked for is named by the issuer, never by a token."""

    async def fetch(self, issuer: Issuer) -> bytes:
        """The JSON Web Key Set that an issuer publishes now, as it came, bounded in size and time.

        Raises:
            KeySetUnavailable: and nothing else, whatever the issuer does.
        """
        ...


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs in to a tenant: a person, or a program (by `prefix`), known to the issuer by `subject`.

    `name` is to be shown, if the issuer told one. `cohorts` is what of the token let its bearer do what, as evidence.
    """

    tenant_id: uuid.UUID
    kind: PrincipalKind
    prefix: Prefix
    issuer: str
    subject: str
    name: str | None
    issued_at: datetime
    cohorts: tuple[str, ...]
    address: Address | None = None


class SignIns(Protocol):
    """Keeps who has signed in, and when."""

    async def signed_in(self, signing: Signing) -> None:
        """Called when a token is seen that is newer than the last one of its bearer's, by any server process.

        Makes the account where there is none yet.
        """
        ...
