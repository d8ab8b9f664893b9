"""Checkpoints in a folder: a file of JSON lines for each tenant, to which lines are only ever added."""

import asyncio
import fcntl
import os
import uuid
from collections.abc import Sequence
from pathlib import Path

from resolvers.auditing.checkpoint import Signed, read_line
from resolvers.auditing.keys import FOLDER_MODE, OWNER_ONLY, sync_folder
from resolvers.auditing.ports import Unreadable


class Lines:
    """Implements `Place`. A line that a crash tore is taken away by the next one; it was never told to be kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, signed: Signed) -> None:
        """Append and fsync."""
        await asyncio.to_thread(self._append, signed)

    async def kept(self, tenant_id: uuid.UUID) -> Sequence[Signed]:
        """A tenant's, oldest first. Raises Unreadable."""
        return await asyncio.to_thread(self._read, tenant_id)

    def _file(self, tenant_id: uuid.UUID) -> Path:
        return self._folder / f"{tenant_id}.jsonl"

    def _append(self, signed: Signed) -> None:
        self._folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        handle = os.open(self._file(signed.checkpoint.tenant_id), os.O_RDWR | os.O_CREAT, OWNER_ONLY)
        with os.fdopen(handle, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            whole = file.read().rfind(b"\n") + 1
            file.truncate(whole)
            file.seek(whole)
            file.write(signed.line().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self._folder)

    def _read(self, tenant_id: uuid.UUID) -> list[Signed]:
        path = self._file(tenant_id)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return []
        found = []
        for number, line in enumerate(content.split(b"\n")[:-1], 1):
            try:
                signed = read_line(line.decode())
            except ValueError as error:
                raise Unreadable(f"Line {number} of {path} is no checkpoint.") from error
            if signed.checkpoint.tenant_id != tenant_id:
                raise Unreadable(f"Line {number} of {path} is another tenant's checkpoint.")
            found.append(signed)
        return found
