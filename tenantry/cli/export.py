"""`tenantry export`: a tenant's estate as sheets that `tenantry import` reads, or its devices as lines."""

import json
import sys
import uuid
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from graphql import GraphQLError, coerce_input_value, validate_input_value

from loaders.entities import DEVICE
from loaders.window import BadArgument, frozen
from models.clock import SystemClock
from resolvers.exporting import ExportFormat, Uncarried, by_command, export_devices, export_estate, recording, sought
from schema.build import build
from tenantry.cli.progress import progress
from tenantry.cli.run import CommandError, plain_errors, run
from tenantry.cli.table import table
from tenantry.cli.tenant import tenant_id
from tenantry.csv_folder import NotEmpty, csv_folder
from tenantry.databases import open_databases
from tenantry.settings import Settings

# Who the audit says did it, and what it calls the sheets.
ACTOR = "tenantry export"
SHEETS = "SHEETS"

EXAMPLES = """Examples:

  tenantry export ./campus --tenant campus
  tenantry export --tenant campus --devices csv -o devices.csv
  tenantry export --tenant campus --devices ndjson --search R-0001
  tenantry export --tenant hq --devices csv --filter '{"name": {"eq": "A"}}'

The folder gets organizations.csv, locations.csv, areas.csv, device_types.csv
and devices.csv. Imported into an empty tenant they make the same estate. They
carry what people write; they do not carry ids, versions and times, what
devices report (their state, whether they answer, when they were last heard
of), nor what is deleted.

A filter is the API's DeviceFilter as JSON; lines have all that the API shows
of a device.
"""


class LineFormat(StrEnum):
    """How lines of devices are written."""

    NDJSON = "ndjson"
    CSV = "csv"


Slug = Annotated[str, typer.Option("--tenant", help="The slug of the tenant to export.", metavar="SLUG")]
Folder = Annotated[Path | None, typer.Argument(help="The folder to write the sheets into.", metavar="DIR")]
Force = Annotated[bool, typer.Option("--force", help="Write into a folder that is not empty, over its sheets.")]
Devices = Annotated[LineFormat | None, typer.Option("--devices", help="Export devices as lines, and nothing else.")]
Filter = Annotated[str | None, typer.Option("--filter", help="Which devices: a DeviceFilter.", metavar="JSON")]
Search = Annotated[
    str | None, typer.Option("--search", help="Devices whose name or serial contains this.", metavar="TEXT")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="The file to write lines to; standard output otherwise.")
]


def command(
    folder: Folder = None,
    *,
    tenant: Slug,
    force: Force = False,
    devices: Devices = None,
    filter_: Filter = None,
    search: Search = None,
    output: Output = None,
) -> None:
    """Export an estate as sheets that `tenantry import` reads, or its devices as lines.

    An export is exact: nothing in it is changed for spreadsheets that take a text for a formula.
    """
    with plain_errors():
        if devices is None:
            if folder is None or filter_ or search or output:
                raise CommandError("Name the folder for the sheets, or ask for lines with --devices ndjson or csv.")
            told = run(_export_sheets(tenant, folder, force=force))
            typer.echo(table(("", "EXPORTED"), [(name, f"{count:,}") for name, count in told.items()]))
            typer.echo(f"\nExported {tenant} to {folder}.")
        else:
            if folder is not None or force:
                raise CommandError("--devices goes to standard output or to --output FILE, not to a folder.")
            # A wrong filter is told before a database is looked for.
            wanted = device_filter(filter_)
            with _output(output) as file:
                run(_export_lines(tenant, ExportFormat[devices.name], wanted, search, file))


async def _export_sheets(slug: str, folder: Path, *, force: bool) -> dict[str, int]:
    totals: dict[str, int] = {}
    async with open_databases(Settings.from_environment()) as databases:
        tenant = await tenant_id(databases, slug)
        with progress(totals) as tell, _whole(), csv_folder(folder, force=force) as target:

            def follow(file: str, done: int, total: int) -> None:
                totals[file] = total
                tell(file, done)

            record = by_command(ACTOR, tenant, SHEETS)
            async with recording(databases.app, SystemClock(), tenant, record) as exported:
                told = await export_estate(databases.app, tenant, target, follow)
                exported.rows |= told
    return {name.replace("_", " "): count for name, count in told.items()}


@contextmanager
def _whole() -> Iterator[None]:
    """Why there are no sheets, in words."""
    try:
        yield
    except NotEmpty as error:
        raise CommandError(f"{error} is not empty. Name another folder, or write into it with --force.") from error
    except Uncarried as error:
        raise CommandError(f"{error}\nThe sheets cannot carry this. Nothing was exported.") from error


async def _export_lines(slug: str, format_: ExportFormat, wanted: Any, search: str | None, file: BinaryIO) -> None:
    async with open_databases(Settings.from_environment()) as databases:
        tenant: uuid.UUID = await tenant_id(databases, slug)
        try:
            record = by_command(ACTOR, tenant, format_, sought(wanted, search))
            async with (
                recording(databases.app, SystemClock(), tenant, record) as exported,
                aclosing(export_devices(databases.app, tenant, wanted, search, format_)) as chunks,
            ):
                async for chunk in chunks:
                    exported.add(DEVICE.name, chunk.rows)
                    file.write(chunk.text.encode())
                    file.flush()
        except BadArgument as error:
            raise CommandError(f"--filter or --search: {error}.") from error


@contextmanager
def _output(path: Path | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that appears when it is whole."""
    if path is None:
        yield sys.stdout.buffer
        return
    unfinished = path.with_name(f"{path.name}.part")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def device_filter(text: str | None) -> Any:
    """A `DeviceFilter` in JSON, checked as the API checks it, and frozen.

    Raises:
        CommandError: it is no JSON or no such filter.
    """
    if text is None:
        return ()
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"--filter is no JSON: {error}.") from error
    if not isinstance(given, dict):
        raise CommandError('--filter is no JSON object, such as {"status": {"eq": "OFFLINE"}}.')

    def refuse(error: GraphQLError, path: list[str | int]) -> None:
        where = ".".join(map(str, path))
        raise CommandError(f"--filter{f' at {where}' if where else ''}: {error.message}")

    kind: Any = build().type_map["DeviceFilter"]
    validate_input_value(given, kind, refuse)
    return frozen(coerce_input_value(given, kind))
