"""Log lines: one event each, with the request's id, as JSON for machines or coloured for a person.

They go to standard error; what a command was asked for goes to standard output.
"""

import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor

LEVELS = logging.getLevelNamesMapping()


def configure_logging(log_format: str | None, level: str) -> None:
    """Set up structlog, and route the standard library's loggers (uvicorn's, ours) through the same lines."""
    as_json = log_format == "json" or (log_format is None and not sys.stderr.isatty())
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
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
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
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


def _line(logger: Any, method: str, event: EventDict) -> str:
    """The same as the processors one by one, for lines of which every request is one."""
    line: EventDict = {**structlog.contextvars.get_contextvars(), **event, "level": method}
    line["timestamp"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    if "exc_info" in line:
        line = structlog.processors.format_exc_info(logger, method, line)
    return orjson.dumps(line, default=repr).decode()


def _json(value: Any, default: Callable[[Any], Any]) -> str:
    return orjson.dumps(value, default=default).decode()
