"""What a good token of an issuer says: nothing of it was looked up, and nothing of it is stored for a person."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class SubjectKey(NamedTuple):
    """Who it is, for ever: (iss, sub), for Entra (tid, oid). Never an e-mail address: those change hands."""

    authority: str
    id: str


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """Verified as a whole; `expires_at` is when it is refused, the issuer's leeway included, `issued_at` as it says.

    `name` is to be shown, and decides nothing. `token_id` is `jti`, for Entra `uti`. `is_app` tells a program that
    acts for itself. Where `has_more_groups`, the issuer left the groups out, as they are too many: `groups` is empty
    then, and only the issuer's directory knows them.
    """

    issuer: str
    subject: SubjectKey
    name: str | None
    scopes: frozenset[str]
    roles: frozenset[str]
    groups: frozenset[str]
    has_more_groups: bool
    issued_at: datetime
    expires_at: datetime
    token_id: str | None
    is_app: bool
