"""`tenantry serve`: the server."""

import asyncio
import signal
import socket
from contextlib import closing
from dataclasses import replace
from typing import Annotated, NoReturn

import typer

from schema.build import build
from schema.documents import Documents
from tenantry.app import limits
from tenantry.check import refuse_unfit
from tenantry.cli.run import CommandError, plain_errors
from tenantry.databases import Addresses, addresses, pools
from tenantry.front import GRAPHQL
from tenantry.health import LIVE, READY
from tenantry.issuers import read_trusts
from tenantry.logs import configure_logging
from tenantry.operations_file import read_manifest
from tenantry.server import bind, serve, url
from tenantry.settings import Settings

EXAMPLES = """Examples:

  tenantry serve
  tenantry serve --host 0.0.0.0 --port 80 --workers 4
  DATABASE_URL=… DATABASE_PLATFORM_URL=… tenantry serve
"""

Host = Annotated[str | None, typer.Option(help="The address to listen on.  [TENANTRY_LISTEN_HOST]")]
Port = Annotated[int | None, typer.Option(help="The port to listen on.  [TENANTRY_LISTEN_PORT]", min=0, max=65535)]
Workers = Annotated[int | None, typer.Option(help="Server processes.  [TENANTRY_WORKERS]", min=1, max=64)]


def command(host: Host = None, port: Port = None, workers: Workers = None) -> None:
    """Serve the API until Ctrl-C or SIGTERM; refuses to start on a database that is not fit."""
    with plain_errors():
        settings = listening(Settings.from_environment(), host, port, workers)
        configure_logging(settings.log_format, settings.log_level)
        # Each process reads them; their faults are told once, here.
        read_trusts(settings.issuers)
        if settings.operations is not None:
            bounds = limits(settings)
            read_manifest(settings.operations, Documents(build(), bounds, at_most=1), bounds)
        stop_on_sigterm()
        with closing(take_address(settings)) as bound, addresses(settings) as at:
            asyncio.run(look(at, settings))
            serve(settings, bound, lambda: announce(bound))


def listening(settings: Settings, host: str | None, port: int | None, workers: int | None) -> Settings:
    """The settings, but for what the command line says."""
    return replace(
        settings,
        listen_host=settings.listen_host if host is None else host,
        listen_port=settings.listen_port if port is None else port,
        workers=settings.workers if workers is None else workers,
    )


def take_address(settings: Settings) -> socket.socket:
    """The socket to serve on. Raises CommandError where it cannot be had."""
    host, port = settings.listen_host, settings.listen_port
    try:
        return bind(host, port)
    except OSError as error:
        raise CommandError(
            f"Cannot listen on {host}, port {port}: {error.strerror}. "
            "Choose others with --host and --port, or TENANTRY_LISTEN_HOST and TENANTRY_LISTEN_PORT."
        ) from error


def stop_on_sigterm() -> None:
    """End as on Ctrl-C, so that what was started is stopped, but with exit code 0: it was asked for."""

    def stop(_signal: int, _frame: object) -> NoReturn:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)


async def look(at: Addresses, settings: Settings) -> None:
    """Refuse an unfit database before any process serves from it, in words. Raises Unfit."""
    databases = pools(at, settings)
    try:
        await refuse_unfit(databases)
    finally:
        await databases.close()


def announce(bound: socket.socket) -> None:
    """Where it is, for a person who started it."""
    base = url(bound)
    typer.echo(f"GraphQL at {base}{GRAPHQL}; health at {base}{LIVE} and {base}{READY}. Ctrl-C stops.", err=True)
