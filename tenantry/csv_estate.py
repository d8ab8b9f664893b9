"""A folder of CSV files (UTF-8, commas, one row a line) as the source of an import.

Each line is read by itself, so that a quote that is never closed costs one row, is found where it stands, and does
not swallow the rest of the file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Protocol

from resolvers.importing import SHEETS, Column, Finding, Row, Sheet

# Bytes. A file without line breaks must not fill the memory.
LONGEST_LINE = 65_536
BOM = "\ufeff"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# A value, in quotes or not, and the comma or end that must follow it.
VALUE = re.compile(r'(?:"(?P<quoted>[^"]*(?:""[^"]*)*)"|(?P<plain>(?!")[^,]*))(?P<end>,|$)')


class UnreadableFolder(Exception):
    """Files that are missing or are not what they should be; the message has a line for each fault."""


class _Broken(Exception):
    """A line whose quotes are wrong, from the value at `place` on."""

    def __init__(self, place: int, reason: str) -> None:
        super().__init__(reason)
        self.place = place


class _Readable(Protocol):
    def readline(self, size: int) -> bytes: ...


class _Hashed:
    """A file whose bytes are hashed as they are read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.sha256 = sha256()

    def readline(self, size: int) -> bytes:
        """As the file's own."""
        line = self._file.readline(size)
        self.sha256.update(line)
        return line


@dataclass(frozen=True, slots=True)
class CsvEstate:
    """The files of a folder, their headings found right."""

    folder: Path
    # By sheet: where in a line of the file its columns stand, and how many lines the file has.
    places: dict[str, dict[Column, int]]
    lines: dict[str, int]
    digests: dict[str, str] = field(default_factory=dict)

    def columns(self, sheet: Sheet) -> tuple[Column, ...]:
        """The columns that the sheet's file has; none where there is no such file."""
        return tuple(self.places.get(sheet.name, ()))

    def read(self, sheet: Sheet) -> Iterator[Row | Finding]:
        """The rows beneath the heading; blank lines are passed over."""
        places = self.places[sheet.name]
        with (self.folder / sheet.file).open("rb") as opened:
            file = _Hashed(opened)
            for number, line in islice(_lines(file), 1, None):
                if line is None:
                    reason = f"the line is longer than {LONGEST_LINE // 1024} KiB"
                    yield Finding(sheet.file, number, sheet.heading[0], reason)
                elif line.strip():
                    yield _row(sheet, places, number, line)
        self.digests[sheet.file] = file.sha256.hexdigest()


def open_csv_estate(folder: Path) -> CsvEstate:
    """Check that the files are there and their headings right. Raises UnreadableFolder."""
    faults: list[str] = []
    places: dict[str, dict[Column, int]] = {}
    lines: dict[str, int] = {}
    for sheet in SHEETS:
        try:
            with (folder / sheet.file).open("rb") as file:
                heading = _heading(file)
                lines[sheet.name] = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
        except OSError as error:
            if not (sheet.optional and isinstance(error, FileNotFoundError)):
                faults.append(f"{sheet.file}: {error.strerror} ({folder})")
            continue
        except ValueError as error:
            faults.append(f"{sheet.file}:1: {error}")
            continue
        wrong = [f"{sheet.file}:1:{column}: {reason}" for column, reason in _faults(sheet, heading)]
        faults += wrong
        if not wrong:
            places[sheet.name] = {column: heading.index(column.name) for column in sheet.having(heading)}
    if faults:
        raise UnreadableFolder("\n".join(faults))
    return CsvEstate(folder, places, lines)


def _heading(file: BinaryIO) -> list[str]:
    """The names of a file's columns; what follows them stays unread. Raises ValueError."""
    first = next(_lines(file), None)
    if first is None:
        raise ValueError("the file is empty; its first line names the columns")
    line = first[1]
    if line is None or line.encode(errors="surrogateescape").startswith(UTF_16):
        raise ValueError("this is no UTF-8 text; save it as CSV UTF-8")
    try:
        return [name.strip() for name, _quoted in _values(line)]
    except _Broken as broken:
        raise ValueError(str(broken)) from broken


def _faults(sheet: Sheet, heading: list[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with a heading: the column and the reason."""
    expected = ",".join(column.name for column in sheet.columns)
    if sheet.further:
        expected += f" and, where wanted, {','.join(column.name for column in sheet.further)}"
    for column in sheet.every:
        if heading.count(column.name) > 1:
            yield column.name, "the column is there twice"
        elif column.name not in heading and column in sheet.columns:
            yield column.name, f"there is no such column; expected are {expected}"
    for name in heading:
        if name not in sheet.heading:
            yield ascii(name)[1:-1][:60], f"the column is not known; expected are {expected}"


def _lines(file: _Readable) -> Iterator[tuple[int, str | None]]:
    """Each line with its number, None for one that is too long; bytes that are not UTF-8 become lone surrogates."""
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            while line and not line.endswith(b"\n"):
                line = file.readline(LONGEST_LINE)
            yield number, None
            continue
        text = line.decode(errors="surrogateescape").removesuffix("\n").removesuffix("\r")
        yield number, text.removeprefix(BOM) if number == 1 else text


def _row(sheet: Sheet, places: dict[Column, int], number: int, line: str) -> Row | Finding:
    try:
        values = _values(line)
    except _Broken as broken:
        # The values before the broken one are whole, so its column is known.
        column = _column(places, broken.place)
        return Finding(sheet.file, number, column, str(broken))
    if len(values) != len(places):
        reason = f"{len(values)} values in a row of {len(places)} columns"
        return Finding(sheet.file, number, _column(places, len(values)), reason)
    return Row(number, tuple(_value(column, *values[place]) for column, place in places.items()))


def _value(column: Column, text: str, quoted: bool) -> str | None:  # noqa: FBT001  (a value and how it stands)
    """Blanks around a value are none of it, unless it says so."""
    return text if quoted and column.exact else text.strip() or None


def _column(places: dict[Column, int], place: int) -> str:
    """The column at a place of the file's lines; the last one for what stands behind it."""
    return next(column.name for column, at in places.items() if at == min(place, len(places) - 1))


def _values(line: str) -> list[tuple[str, bool]]:
    """The values of a line (RFC 4180), each with whether it stands in quotes. Raises _Broken."""
    if '"' not in line:
        return [(value, False) for value in line.split(",")]
    values: list[tuple[str, bool]] = []
    at = 0
    while True:
        value = VALUE.match(line, at)
        if value is None:
            closed = re.match(r'"[^"]*(?:""[^"]*)*"', line[at:])
            reason = "text follows the closing quote" if closed else "a quote is opened and not closed on this line"
            raise _Broken(len(values), reason)
        quoted = value["quoted"]
        values.append((value["plain"], False) if quoted is None else (quoted.replace('""', '"'), True))
        if not value["end"]:
            return values
        at = value.end()
