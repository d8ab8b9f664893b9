"""Importing into one tenant, and looking at what it has."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from models import Area, Device, DeviceType, Location
from resolvers.importing import Finding, Mode, Outcome, import_estate
from tenantry.csv_estate import open_csv_estate
from tenantry.databases import Databases
from tests.clock import HeldClock

TABLES = (Location, Area, DeviceType, Device)
NOTHING: list[list[dict[str, Any]]] = [[], [], [], []]


def _no_progress(_step: str, _done: int) -> None:
    return


async def _no_more() -> None:
    return


@dataclass(frozen=True)
class Importer:
    """One tenant's."""

    databases: Databases
    clock: HeldClock
    tenant_id: uuid.UUID

    async def run(
        self,
        folder: Path,
        mode: Mode | None = None,
        progress: Callable[[str, int], None] = _no_progress,
        before_commit: Callable[[], Awaitable[None]] = _no_more,
    ) -> tuple[Outcome, list[str]]:
        """The outcome, and the findings as they are printed."""
        findings: list[Finding] = []
        outcome = await import_estate(
            self.databases.app,
            self.clock,
            self.tenant_id,
            open_csv_estate(folder),
            mode or Mode(),
            progress=progress,
            report=findings.append,
            before_commit=before_commit,
        )
        return outcome, [str(finding) for finding in findings]

    async def rows(self, model: Any) -> list[dict[str, Any]]:
        """All rows of a table that the tenant has."""
        table = model.__table__
        wanted = select(table).where(table.c.tenant_id == self.tenant_id).order_by(table.c.id)
        async with self.databases.app.read(self.tenant_id) as connection:
            return [dict(row) for row in (await connection.execute(wanted)).mappings()]

    async def everything(self) -> list[list[dict[str, Any]]]:
        """All rows of the tables that an import writes."""
        return [await self.rows(model) for model in TABLES]

    async def devices(self) -> dict[str, dict[str, Any]]:
        """The devices by serial, each with the serial of its parent and the code of its area."""
        rows = await self.rows(Device)
        serials = {row["id"]: row["serial"] for row in rows}
        codes = {row["id"]: row["code"] for row in await self.rows(Area)}
        return {
            row["serial"]: row | {"parent": serials.get(row["parent_id"]), "area": codes.get(row["area_id"])}
            for row in rows
        }
