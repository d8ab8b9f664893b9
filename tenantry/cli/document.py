"""What somebody would ask, as files: a GraphQL document, and its variables."""

import json
from pathlib import Path
from typing import Any

from tenantry.cli.run import CommandError


def document_in(file: Path) -> str:
    """The text of a document. Raises CommandError."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} is no text in UTF-8.") from error


def variables_in(file: Path | None) -> dict[str, Any]:
    """The variables by their names; without a file there are none. Raises CommandError."""
    if file is None:
        return {}
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{file} is no JSON: {error}.") from error
    if not isinstance(read, dict):
        raise CommandError(f'{file} is no JSON object, such as {{"id": "dev_…"}}.')
    return read
