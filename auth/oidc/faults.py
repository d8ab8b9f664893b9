"""What can be wrong with an issuer's token: one sentence each for whoever sent it, none of the token's own words."""

from enum import StrEnum

from auth.codes import Code, Refusal
from auth.credentials import challenge


class Fault(StrEnum):
    """Plain ASCII without quotation marks: each goes into a header too."""

    TOO_LONG = "The token is longer than 16384 characters."
    MALFORMED = "The token is no signed JSON Web Token."
    CRITICAL = "The token has a critical header, and none is known here."
    UNKNOWN_ISSUER = "The token is of an issuer that is not trusted here."
    WRONG_AUDIENCE = "The token is meant for another audience: ask its issuer for one for this server."
    WRONG_ALGORITHM = "The token is signed by an algorithm that is not agreed with its issuer."
    WRONG_TYP = "The token is of another type than the access tokens that are agreed with its issuer."
    NO_KEY_ID = "The token does not say which key signed it."
    UNKNOWN_KEY = "The token is signed by a key that its issuer does not publish."
    BAD_SIGNATURE = "The signature of the token does not hold."
    MISSING_CLAIM = "The token lacks a claim that is needed."
    BAD_CLAIM = "A claim of the token is of the wrong type or length."
    EXPIRED = "The token has expired."
    NOT_YET = "The token is not valid yet."
    TOO_LONG_LIFE = "The token is valid for longer than is allowed to its issuer."
    ID_TOKEN = "This is an ID token or a logout token: send an access token."  # noqa: S105
    BOUND = "The token is bound to a key of its client, which a bearer cannot prove to hold."
    VERSION_1 = "The token is of version 1.0: set requestedAccessTokenVersion to 2 in the registration of the API."
    WRONG_TENANT = "The token is of another Entra tenant than the one that is trusted here."
    NO_USER_NO_APP = (
        "The token has neither scp nor idtyp=app: ask for an access token, and add the optional claim idtyp"
        " to the registration of the API."
    )


class Faulty(Exception):
    """A token that is refused, and why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def refusal_of(fault: Fault) -> Refusal:
    """401, with the challenge that belongs to it (RFC 6750, section 3.1)."""
    return Refusal(Code.UNAUTHENTICATED, fault.value, headers=challenge("invalid_token", fault.value))
