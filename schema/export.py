"""Exports: rows as text, in chunks, so that a million of them need no more memory than a thousand."""

from __future__ import annotations

from schema.entity import row_part
from schema.field import field


@row_part("A part of an export: whole lines, each with its end. The parts, one after the other, are the file.")
class ExportChunk:
    """A part of an export."""

    text: str = field("The lines.")
    rows: int = field("How many things they tell of; a CSV's heading is none.")
