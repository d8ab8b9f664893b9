"""Exporting rows: streamed in the order of their ids, in pages, so that memory stays the same however many there are.

An export is exact. Texts that a spreadsheet would take for formulas leave as they are: whoever opens a file in one
tells it that the columns are text.
"""

from resolvers.exporting.devices import Chunk, ExportFormat, export_devices
from resolvers.exporting.estate import Target, Uncarried, export_estate
from resolvers.exporting.recording import by_command, recording, sought
from resolvers.exporting.text import csv_line

__all__ = [
    "Chunk",
    "ExportFormat",
    "Target",
    "Uncarried",
    "by_command",
    "csv_line",
    "export_devices",
    "export_estate",
    "recording",
    "sought",
]
