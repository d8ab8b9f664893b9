"""What can be set, and from where: the environment, which nothing else in Tenantry reads.

Each setting is declared once, below; parsing, error messages and docs/settings.md are made from that.
"""

import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

from tenantry.readers import (
    DATABASE_URL,
    FILE,
    FOLDER,
    NETWORKS,
    ORIGINS,
    REDIS_URL,
    SWITCH,
    TEXT,
    Reader,
    one_of,
    seconds,
    whole,
)


class SettingsError(Exception):
    """The environment cannot be used; the message names each variable and its fix."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable: how it is read, what holds without it, and what it means."""

    variable: str
    reader: Reader
    default: str
    meaning: str


def setting(variable: str, reader: Reader, default: Any, meaning: str, *, shown: str | None = None) -> Any:
    """A field of Settings; `shown` says the default in words where its value would not."""
    declared = Setting(variable, reader, f"`{default}`" if shown is None else shown, meaning)
    return field(default=default, repr=not reader.secret, metadata={"setting": declared})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a process was told. Spans of time are in seconds, sizes in bytes."""

    database_url: str | None = setting(
        "DATABASE_URL", DATABASE_URL, None,
        "PostgreSQL 15 to 18, as the application's role (`tenantry_app` or a member of it), "
        "which row-level security binds.",
        shown="the embedded server",
    )  # fmt: skip
    database_platform_url: str | None = setting(
        "DATABASE_PLATFORM_URL", DATABASE_URL, None,
        "The same database, as the role that reads across tenants (`tenantry_platform`). "
        "Needed where `DATABASE_URL` is set.",
        shown="the embedded server",
    )  # fmt: skip
    database_owner_url: str | None = setting(
        "DATABASE_OWNER_URL", DATABASE_URL, None,
        "The same database, as the schema's owner (`tenantry_owner`). Only `migrate` and `doctor` use it: "
        "keep it from the server.",
        shown="the embedded server",
    )  # fmt: skip
    prepared_statements: bool = setting(
        "DATABASE_PREPARED_STATEMENTS", SWITCH, True,
        "Whether PostgreSQL keeps statements that it has parsed, by their names. Turn it off where a transaction "
        "pooler stands before it that does not know of them: docs/deployment.md.",
        shown="`on`",
    )  # fmt: skip
    redis_url: str | None = setting(
        "TENANTRY_REDIS_URL", REDIS_URL, None,
        "A Redis, 7 or later, that wakes whoever follows a feed, in every process, counts failed authentications "
        "for all processes together, and passes persisted operations between them. Needed where a transaction pooler "
        "stands before PostgreSQL, which would swallow its NOTIFY.",
        shown="PostgreSQL's own NOTIFY; each process counts for itself",
    )  # fmt: skip
    operations: Path | None = setting(  # noqa: RUF009  (it makes a field)
        "TENANTRY_OPERATIONS", FILE, None,
        "A JSON file that lists operations, which clients may then name by their ids: docs/operations.md.",
        shown="none are listed",
    )  # fmt: skip
    operations_mode: str = setting(
        "TENANTRY_OPERATIONS_MODE", one_of("off", "log", "enforce"), "off",
        "What becomes of operations that are not listed: they run, they run and are logged, or they are refused.",
    )  # fmt: skip
    issuers: Path | None = setting(  # noqa: RUF009  (it makes a field)
        "TENANTRY_ISSUERS", FILE, None,
        "A JSON file of the OpenID Connect issuers (Entra ID among them) whose people may sign in, and of the roles "
        "that their groups stand for: docs/sign-in.md.",
        shown="nobody signs in",
    )  # fmt: skip
    ca_bundle: Path | None = setting(  # noqa: RUF009  (it makes a field)
        "TENANTRY_CA_BUNDLE", FILE, None,
        "A PEM file of authorities that are trusted beside the public ones, when issuers are asked for their keys.",
        shown="the public ones",
    )  # fmt: skip
    home: Path = setting(  # noqa: RUF009  (it makes a field)
        "TENANTRY_HOME", FOLDER, MISSING,
        "Where the embedded server keeps its data.",
        shown="`tenantry` in the data folder of your account",
    )  # fmt: skip
    # Not TENANTRY_HOST and TENANTRY_PORT: Kubernetes sets those itself beside a Service named tenantry.
    listen_host: str = setting(
        "TENANTRY_LISTEN_HOST", TEXT, "127.0.0.1", "The address that `serve` listens on; `0.0.0.0` is all."
    )
    listen_port: int = setting(
        "TENANTRY_LISTEN_PORT",
        whole(0, 65535),
        8000,
        "The port that `serve` listens on; 0 is any that is free.",
    )
    workers: int = setting("TENANTRY_WORKERS", whole(1, 64), 1, "Server processes.")
    pool_size: int = setting(
        "TENANTRY_POOL_SIZE", whole(1, 200), 8,
        "Database connections that each server process keeps at most, for each of its two roles.",
    )  # fmt: skip
    max_requests: int = setting(
        "TENANTRY_MAX_REQUESTS", whole(1, 100_000), 256,
        "Requests that each server process answers at once; more get 503 without a wait.",
    )  # fmt: skip
    max_connections: int = setting(
        "TENANTRY_MAX_CONNECTIONS", whole(1, 100_000), 500,
        "WebSockets that each server process keeps open for one tenant's tokens; more are told to try again later.",
    )  # fmt: skip
    origins: tuple[str, ...] = setting(
        "TENANTRY_ORIGINS", ORIGINS, (),
        "Origins of pages that may open a WebSocket here, beside those that this server serves itself.",
        shown="none",
    )  # fmt: skip
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = setting(
        "TENANTRY_TRUSTED_PROXIES", NETWORKS, (),
        "Where our own proxies are: from them, and nobody else, `X-Forwarded-For` tells where a request comes from.",
        shown="none",
    )  # fmt: skip
    auth_failures: int = setting(
        "TENANTRY_AUTH_FAILURES", whole(0, 100_000), 20,
        "Failed authentications in a minute from one address, of IPv6 from one /64; more get 429. 0 is no bound, for "
        "single tokens neither.",
    )  # fmt: skip
    max_body_bytes: int = setting(
        "TENANTRY_MAX_BODY_BYTES",
        whole(1024, 16_777_216),
        1_048_576,
        "The largest body of a request; its document, or a query string, is 131072 at most.",
    )
    max_tokens: int = setting(
        "TENANTRY_MAX_TOKENS", whole(10, 100_000), 1000, "Tokens (words and signs) of a GraphQL document."
    )
    max_depth: int = setting(
        "TENANTRY_MAX_DEPTH", whole(1, 100), 15,
        "How deep a document's selections nest; `edges`, `node` and `nodes` do not count.",
    )  # fmt: skip
    max_aliases: int = setting("TENANTRY_MAX_ALIASES", whole(0, 10_000), 30, "Aliases in a document.")
    max_directives: int = setting("TENANTRY_MAX_DIRECTIVES", whole(0, 10_000), 20, "Directives in a document.")
    max_fields: int = setting(
        "TENANTRY_MAX_FIELDS", whole(1, 100_000), 1000, "Fields that a document selects, fragments expanded."
    )
    max_operations: int = setting("TENANTRY_MAX_OPERATIONS", whole(1, 1000), 10, "Operations in a document.")
    max_nodes: int = setting(
        "TENANTRY_MAX_NODES", whole(1, 10_000_000), 10_000,
        "Nodes that an operation could return, reckoned from its page sizes before it runs.",
    )  # fmt: skip
    max_values: int = setting(
        "TENANTRY_MAX_VALUES", whole(1, 10_000_000), 100_000,
        "Values that an operation could return, its fields times its nodes, reckoned before it runs.",
    )  # fmt: skip
    max_entities: int = setting(
        "TENANTRY_MAX_ENTITIES",
        whole(1, 10_000),
        100,
        "Ids or entity representations that one field is given.",
    )
    deadline: float = setting(
        "TENANTRY_DEADLINE", seconds(0.1, 300), 10.0,
        "How long an operation may take; then it is stopped, in the database too.",
    )  # fmt: skip
    drain_delay: float = setting(
        "TENANTRY_DRAIN_DELAY", seconds(0, 300), 5.0,
        "After SIGTERM: how long `/readyz` says 503 while requests are still accepted.",
    )  # fmt: skip
    graceful_timeout: int = setting(
        "TENANTRY_GRACEFUL_TIMEOUT", whole(1, 600), 20,
        "After that: how long, in seconds, requests under way may take to end.",
    )  # fmt: skip
    purge_days: int = setting(
        "TENANTRY_PURGE_DAYS", whole(1, 36_500), 30,
        "Days for which what was deleted can be restored: `tenantry purge` removes what is older.",
    )  # fmt: skip
    log_format: str | None = setting(
        "TENANTRY_LOG_FORMAT", one_of("json", "console"), None,
        "How log lines look; they go to standard error.",
        shown="`console` on a terminal, else `json`",
    )  # fmt: skip
    log_level: str = setting(
        "TENANTRY_LOG_LEVEL", one_of("debug", "info", "warning", "error"), "info", "The least that is logged."
    )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read and check everything; blank counts as not set.

        Raises:
            SettingsError: it lists every fault.
        """
        values: dict[str, Any] = {}
        faults: list[str] = []
        for each in fields(cls):
            declared: Setting = each.metadata["setting"]
            text = environ.get(declared.variable, "").strip()
            if not text:
                continue
            try:
                values[each.name] = declared.reader.read(text)
            except ValueError as error:
                why = str(error) if declared.reader.secret else f"{text!r} is not that"
                faults.append(f"{declared.variable} must be {declared.reader.accepts}: {why}.")
        faults += [*_lone_urls(values), *_lone_mode(values)]
        if faults:
            raise SettingsError("\n".join(faults))
        values.setdefault("home", _data_folder(environ) / "tenantry")
        return cls(**values)


SETTINGS: tuple[Setting, ...] = tuple(each.metadata["setting"] for each in fields(Settings))


def _lone_urls(values: Mapping[str, Any]) -> list[str]:
    """Half a configuration would serve from one database and look tokens up in another."""
    if "database_url" in values and "database_platform_url" not in values:
        return ["DATABASE_PLATFORM_URL is not set, DATABASE_URL is. Set it to that database as tenantry_platform."]
    if "database_platform_url" in values and "database_url" not in values:
        return ["DATABASE_URL is not set, DATABASE_PLATFORM_URL is. Set it to that database as tenantry_app."]
    return []


def _lone_mode(values: Mapping[str, Any]) -> list[str]:
    """Without a list everything would be logged, or refused."""
    mode = values.get("operations_mode", "off")
    if mode != "off" and "operations" not in values:
        return [f"TENANTRY_OPERATIONS is not set, TENANTRY_OPERATIONS_MODE is {mode}. Name the file that lists them."]
    return []


def _data_folder(environ: Mapping[str, str]) -> Path:
    """Where the account keeps programs' data (XDG Base Directory Specification)."""
    given = Path(environ.get("XDG_DATA_HOME", ""))
    return given if given.is_absolute() else Path.home() / ".local" / "share"


INTRODUCTION = """# Settings

Tenantry is set up by environment variables alone. They are checked when a command starts; an error names the
variable and the fix. A blank variable counts as not set.

This page is printed by `tenantry settings`.

| variable | accepts | default | meaning |
|---|---|---|---|
"""


def settings_document() -> str:
    """What docs/settings.md holds."""
    rows = (f"| `{each.variable}` | {each.reader.accepts} | {each.default} | {each.meaning} |\n" for each in SETTINGS)
    return INTRODUCTION + "".join(rows)
