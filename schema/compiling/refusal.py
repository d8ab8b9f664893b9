"""Why an operation is not compiled."""


class NotCompilable(Exception):
    """It runs on graphql-core; `place` is a coordinate such as `Token.node`, or an argument's."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place} {reason}")
        self.place = place
        self.reason = reason
