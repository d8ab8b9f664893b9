"""JSON columns as PostgreSQL writes them: readers are handed the text, and no digit of a number is lost on the way."""

from typing import Any

import orjson
from sqlalchemy import Text
from sqlalchemy.types import TypeDecorator


class JsonText(TypeDecorator[orjson.Fragment]):
    """What a JSON column is cast to where it is only shown."""

    impl = Text
    cache_ok = True

    def process_result_value(self, value: Any, _dialect: object) -> orjson.Fragment | None:
        """A piece of an answer that needs no encoding any more."""
        return None if value is None else orjson.Fragment(value)
