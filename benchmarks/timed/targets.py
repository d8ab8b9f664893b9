"""The servers that are measured: ours, and its peers as their own documentation says that one sets them up."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.postgres import Urls, login
from benchmarks.timed.dialect import Dialect
from benchmarks.timed.dialects import bare, plain, postgraphile, rest, tenantry
from benchmarks.timed.installing import PEERS, Missing, version_of

POOL = 8
OURS = "tenantry"
# The nodes that the tree of 10,000 devices could return are above our default of 10,000.
WIDE = {"TENANTRY_MAX_NODES": "20000"}


@dataclass(frozen=True)
class Target:
    """A server. `what` is told in the report; `packages` are those whose versions are, from the lock in `folder`.

    `settings` are of our own server alone. Of a peer's command the first word may lie in its folder.
    """

    key: str
    name: str
    what: str
    dialect: Dialect
    command: tuple[str, ...]
    packages: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()

    @property
    def folder(self) -> Path:
        """Where a peer's program and packages are."""
        return PEERS / self.key

    def answers(self, case: str) -> bool:
        """Whether it is asked for this, by the key of the requests."""
        return case in self.dialect.asks and case not in self.without

    def program(self) -> list[str]:
        """The command with the place of its program. Raises Missing."""
        first, *rest = self.command
        inside = self.folder / first
        found = str(inside) if inside.exists() else shutil.which(first)
        if found is None:
            raise Missing(f"{first} is neither in benchmarks/peers/{self.key} nor on the PATH")
        return [found, *rest]

    async def versions(self) -> str:
        """What it runs on, and its packages, with their versions."""
        program = sys.executable if self.key == OURS else self.program()[0]
        return await version_of(self.folder, program, self.packages)

    def environment(self, urls: Urls, peer: str) -> dict[str, str]:
        """What its process is told of the database: our roles' addresses, or that of the peers' role."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("TENANTRY_", "DATABASE_"))}
        if self.key == OURS:
            at = {"DATABASE_URL": urls.app, "DATABASE_PLATFORM_URL": urls.platform, "TENANTRY_DRAIN_DELAY": "0"}
            return {**inherited, **at, "TENANTRY_POOL_SIZE": str(POOL), **self.settings}
        known = {f"PG{name.upper()}": str(value) for name, value in login(peer).items()}
        return {**inherited, **known, "NODE_ENV": "production"}


def _ours(settings: Mapping[str, str], without: frozenset[str]) -> Target:
    return Target(
        OURS,
        "Tenantry",
        "`tenantry serve`, one worker: tokens, scopes, tenants, row-level security and bounds on documents are all on",
        tenantry.DIALECT,
        (str(Path(sys.executable).with_name("tenantry")), "serve", "--port", "PORT"),
        ("tenantry", "strawberry-graphql", "graphql-core", "sqlalchemy", "asyncpg", "uvicorn"),
        settings=settings,
        without=without,
    )


TARGETS = (
    _ours({}, frozenset({"tree10"})),
    _ours(WIDE, frozenset(tenantry.DIALECT.asks) - {"tree10"}),
    Target(
        "limit",
        "the bare limit",
        "ASGI and asyncpg: one statement makes the whole answer with json_agg, its text is passed through; no GraphQL",
        bare.DIALECT,
        (sys.executable, "app.py"),
        ("asyncpg", "uvicorn", "uvloop", "httptools"),
    ),
    Target(
        "mercurius",
        "Mercurius",
        "Fastify, Mercurius with JIT and its own loaders, pg",
        plain.NODES,
        ("node", "server.js"),
        ("mercurius", "graphql-jit", "fastify", "graphql", "pg"),
    ),
    Target(
        "postgraphile",
        "PostGraphile",
        "PostGraphile with its Amber preset; it plans an operation into few statements",
        postgraphile.DIALECT,
        ("node_modules/.bin/node", "server.js"),
        ("postgraphile", "grafast", "graphql", "pg"),
    ),
    Target(
        "apollo",
        "Apollo Server",
        "Apollo Server as a subgraph, a DataLoader for each edge, pg",
        plain.SUBGRAPH,
        ("node", "server.js"),
        ("@apollo/server", "@apollo/subgraph", "dataloader", "graphql", "pg"),
    ),
    Target(
        "strawberry",
        "plain Strawberry",
        "Strawberry, aiodataloader, SQLAlchemy's ORM, asyncpg, uvicorn, as one writes it first",
        plain.SUBGRAPH,
        (".venv/bin/python", "app.py"),
        ("strawberry-graphql", "graphql-core", "aiodataloader", "sqlalchemy", "asyncpg", "uvicorn"),
    ),
    Target(
        "fastapi",
        "FastAPI",
        "FastAPI, SQLAlchemy's ORM, asyncpg, uvicorn: lists and things by REST, neither trees nor many ids at once",
        rest.DIALECT,
        (".venv/bin/python", "app.py"),
        ("fastapi", "pydantic", "sqlalchemy", "asyncpg", "uvicorn"),
    ),
)
KEYS = tuple(dict.fromkeys(target.key for target in TARGETS))
