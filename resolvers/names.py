"""What people may call things."""

import unicodedata

from resolvers.problems import Invalid, Problem

LONGEST_NAME = 200
# Control characters and lone surrogates: PostgreSQL refuses some of them, terminals obey the others.
UNPRINTABLE = frozenset({"Cc", "Cs"})


def checked_name(field: str, text: str) -> str:
    """The name as given. Raises Problem where it is blank, too long, or no text."""
    if not text.strip() or text != text.strip():
        raise Problem(Invalid(field, f"The {field} must not be blank, nor begin or end with a blank."))
    if len(text) > LONGEST_NAME:
        raise Problem(Invalid(field, f"The {field} has {len(text)} characters; {LONGEST_NAME} are allowed."))
    if any(unicodedata.category(character) in UNPRINTABLE for character in text):
        raise Problem(Invalid(field, f"The {field} has a control character."))
    return text
