"""A line of a sheet, and what is to be said about one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A line whose form is right: its values in the order of the source's columns, None where there is none."""

    line: int
    values: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a line and keeps it out, or, as a note, what was read otherwise than it is written."""

    file: str
    line: int
    column: str
    reason: str
    note: bool = False

    def __str__(self) -> str:
        """As compilers say it: file:line:column: reason."""
        return f"{self.file}:{self.line}:{self.column}: {'note: ' if self.note else ''}{self.reason}"
