"""Log lines: one event each, with the request's id, as JSON for machines or coloured for a person.

They go to standard error; what a command was asked for goes to standard output.
"""

import logging
import sys
from collections.abc import Callable
from typing import Any

import orjson
import structlog
from structlog.typing import Processor

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
        processors=[*common, *last],
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


def _json(value: Any, default: Callable[[Any], Any]) -> str:
    return orjson.dumps(value, default=default).decode()
