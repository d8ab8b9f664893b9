"""A folder of CSV files as the target of an export: `csv_estate` reads what is written here."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from resolvers.exporting import Uncarried, csv_line
from resolvers.importing import SHEETS, Column, Sheet
from tenantry.csv_estate import LONGEST_LINE

# What a file is called until all of them are whole.
UNFINISHED = ".part"


class NotEmpty(Exception):
    """The folder has something in it."""


@dataclass
class CsvFolder:
    """Writes the files of a folder; made by `csv_folder`, which puts them in their places."""

    folder: Path
    _open: ExitStack
    _sheet: Sheet = field(init=False)
    _file: BinaryIO = field(init=False)

    def begin(self, sheet: Sheet, columns: Sequence[Column]) -> None:
        """A file with its heading."""
        self._sheet = sheet
        self._file = self._open.enter_context((self.folder / f"{sheet.file}{UNFINISHED}").open("wb"))
        self.write([tuple(column.name for column in columns)])

    def write(self, rows: Sequence[tuple[str | None, ...]]) -> None:
        """Further lines. Raises Uncarried for one that is too long to be read again."""
        for row in rows:
            line = csv_line(row).encode()
            if len(line) > LONGEST_LINE:
                raise Uncarried(
                    f"{self._sheet.file}: the line that begins with {row[:2]} is longer than {LONGEST_LINE // 1024} KiB"
                )
            self._file.write(line)


@contextmanager
def csv_folder(folder: Path, *, force: bool) -> Iterator[CsvFolder]:
    """A folder to write into; its files appear, all of them, when the block ends well.

    Raises:
        NotEmpty: there is something in the folder, and it is not to be written over by `force`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not force and any(folder.iterdir()):
        raise NotEmpty(str(folder))
    unfinished = [folder / f"{sheet.file}{UNFINISHED}" for sheet in SHEETS]
    try:
        with ExitStack() as opened:
            yield CsvFolder(folder, opened)
        for path in unfinished:
            path.replace(path.with_name(path.name.removesuffix(UNFINISHED)))
    finally:
        for path in unfinished:
            path.unlink(missing_ok=True)
