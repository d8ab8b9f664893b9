"""Log lines: one event each, with the request's id, as JSON for machines or coloured for a person.

They go to standard error; what a command was asked for goes to standard output.
"""

import logging
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor

LEVELS = logging.getLevelNamesMapping()
# What each line of a request says of it. One value: structlog's own variables, one a name, cost as much as a line.
_SAID: ContextVar[Mapping[str, str]] = ContextVar("said", default=MappingProxyType({}))


def begin_lines(**said: str) -> None:
    """From now on each line says this of its request, and nothing else."""
    _SAID.set(said)


def say_in_lines(**said: str) -> None:
    """From now on each line of the request says this too."""
    _SAID.set({**_SAID.get(), **said})


def about_the_request(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """A processor of structlog's: what is said of the request, where the line itself says nothing else."""
    return {**_SAID.get(), **event}


def configure_logging(log_format: str | None, level: str) -> None:
    """Set up structlog, and route the standard library's loggers (uvicorn's, ours) through the same lines."""
    as_json = log_format == "json" or (log_format is None and not sys.stderr.isatty())
    common: list[Processor] = [
        about_the_request,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_json)]
        if as_json
        else [structlog.dev.ConsoleRenderer()]
    )
    structlog.configure(
        processors=[_line] if as_json else [*common, *last],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level.upper()]),
        logger_factory=(
            structlog.BytesLoggerFactory(sys.stderr.buffer) if as_json else structlog.WriteLoggerFactory(sys.stderr)
        ),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*common, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=LEVELS[level.upper()], force=True)
    # They tell at length what is of interest to nobody; what matters of it, we say.
    for chatty in ("uvicorn", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _line(logger: Any, method: str, event: EventDict) -> bytes:
    """The same as the processors one by one, for lines of which every request is one."""
    line: EventDict = {**_SAID.get(), **event, "level": method, "timestamp": datetime.now(UTC)}
    if "exc_info" in line:
        line = structlog.processors.format_exc_info(logger, method, line)
    return orjson.dumps(line, default=repr, option=orjson.OPT_UTC_Z)


def _json(value: Any, default: Callable[[Any], Any]) -> str:
    return orjson.dumps(value, default=default).decode()
