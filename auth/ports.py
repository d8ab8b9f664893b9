"""What `auth` needs of the world outside, as protocols; `integrations` implement them."""

from typing import Protocol

from auth.attempts import Attempt
from auth.credentials import Address
from auth.oidc.issuer import Issuer


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
