"""A page of a headless Chromium, which tests drive with Playwright's own words."""

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
END_TIMEOUT = 30
LONGEST_LINE = 16 * 1024 * 1024


@dataclass(frozen=True)
class Page:
    """One page. `await page.call("click", "#run")` is Playwright's `page.click("#run")`."""

    process: Process

    async def call(self, method: str, *values: Any) -> Any:
        """What the method returns, where that is plain data. Raises AssertionError with Playwright's words."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"call": method, "with": values}).encode() + b"\n")
        answer = json.loads(await self.process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["value"]

    async def see(self, selector: str, text: str = "") -> None:
        """Wait until what the selector names is visible and has this text in it."""
        await self.call("waitForSelector", f"{selector}:has-text({json.dumps(text)})" if text else selector)

    async def requests(self) -> list[str]:
        """The address of everything that was asked for so far, WebSockets too."""
        found: list[str] = (await self.call("reports"))["requests"]
        return found

    async def complaints(self) -> list[str]:
        """Every error and warning of the console so far, and what was thrown and not caught."""
        found: list[str] = (await self.call("reports"))["complaints"]
        return found


@asynccontextmanager
async def open_page(folder: Path, origin: str, trusted: str = "") -> AsyncIterator[Page]:
    """An empty page of a new browser; `folder` is `tests/node/browser`, installed.

    `trusted` is a certificate's `Certificates.pin`.
    """
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    assert chromium, "there is no Chromium on the PATH: apt-get install chromium"
    process = await asyncio.create_subprocess_exec(
        "node", "page.js", chromium, origin, trusted, cwd=folder, stdin=PIPE, stdout=PIPE, limit=LONGEST_LINE
    )
    try:
        yield Page(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()  # which ends it, and the browser with it
        async with asyncio.timeout(END_TIMEOUT):
            await process.wait()
