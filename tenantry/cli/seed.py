"""`tenantry seed`: tenants full of made-up data, as many and as large as wanted."""

from typing import Annotated

import typer

from models.clock import SystemClock
from resolvers.tenants import checked_slug
from tenantry.cli.progress import progress
from tenantry.cli.run import plain_errors, run
from tenantry.databases import open_databases
from tenantry.seed import Seeded, Size, seed
from tenantry.settings import Settings

EXAMPLES = """Examples:

  tenantry seed                              (2 tenants, 2,000 devices)
  tenantry seed --tenants 50 --locations 10 --areas 5 --devices 20
  tenantry seed --prefix big --tenants 1 --locations 10 --areas 50 --devices 100
"""

Tenants = Annotated[int, typer.Option(help="Tenants.", min=1, max=10_000)]
Locations = Annotated[int, typer.Option(help="Locations in each tenant.", min=1, max=10_000)]
Areas = Annotated[int, typer.Option(help="Areas in each location.", min=1, max=10_000)]
Devices = Annotated[int, typer.Option(help="Devices in each area.", min=0, max=100_000)]
Prefix = Annotated[str, typer.Option(help="The slugs are PREFIX-1, PREFIX-2 and so on.", metavar="PREFIX")]


def command(
    *,
    tenants: Tenants = 2,
    locations: Locations = 5,
    areas: Areas = 20,
    devices: Devices = 10,
    prefix: Prefix = "tenant",
) -> None:
    """Fill new tenants with made-up data, always the same for the same numbers.

    A tenant that has data already is left as it is.
    """
    with plain_errors():
        checked_slug(f"{prefix}-{tenants}")
        size = Size(tenants, locations, areas, devices)
        seeded = run(_seed(size, prefix))
    if seeded.filled:
        per_tenant = locations * areas
        typer.echo(
            f"Filled {_range(seeded.filled)}, each with {locations:,} locations, {per_tenant:,} areas and "
            f"{per_tenant * devices:,} devices."
        )
    if seeded.left:
        typer.echo(f"Left as they are, since they have data: {_range(seeded.left)}.")


async def _seed(size: Size, prefix: str) -> Seeded:
    async with open_databases(Settings.from_environment()) as databases:
        with progress({"tenants": size.tenants}) as tell:
            return await seed(databases.app, databases.platform, SystemClock(), size, prefix=prefix, tell=tell)


def _range(slugs: list[str]) -> str:
    return slugs[0] if len(slugs) == 1 else f"{slugs[0]} … {slugs[-1]} ({len(slugs):,} tenants)"
