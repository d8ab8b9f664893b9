"""`TENANTRY_OPERATIONS`: a JSON file of listed operations, read and held against the schema at start-up.

What such a file looks like is told in docs/operations.md.
"""

from pathlib import Path

from auth.limits import Limits
from schema.documents import Documents
from schema.manifest import BadManifest, Manifest, faults, read
from tenantry.settings import SettingsError

VARIABLE = "TENANTRY_OPERATIONS"


def read_manifest(file: Path | None, documents: Documents, limits: Limits) -> Manifest:
    """What the file lists; nothing where there is none.

    Raises:
        SettingsError: it names each document that could not run, and why.
    """
    if file is None:
        return Manifest()
    try:
        listed = read(file.read_bytes())
    except (OSError, BadManifest) as error:
        raise SettingsError(f"{VARIABLE}: {file} is no list of operations: {error}.") from error
    wrong = [f"{VARIABLE}: {file}: {each}" for each in faults(listed, documents)]
    if wrong:
        raise SettingsError("\n".join(wrong))
    return Manifest(listed, limits)
