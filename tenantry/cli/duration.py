"""How long, as people type it: `90d`, `12h`, `30m`, `45s`."""

import re
from datetime import timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SHAPE = re.compile(r"([0-9]{1,7})([smhd])")


def parse_duration(text: str) -> timedelta:
    """A whole number and its unit. Raises ValueError with the forms that are understood."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no duration: write a whole number and s, m, h or d, such as 90d or 12h")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
