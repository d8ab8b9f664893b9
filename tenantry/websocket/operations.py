"""What runs on a connection: operations of any kind, each by the id that its client gave."""

import asyncio
import re
from collections.abc import Callable
from http import HTTPStatus

from auth.codes import Code, Refusal
from auth.standing import Stands
from schema.answers import refused
from schema.operation import Answer
from schema.streaming import Stream
from tenantry.answers import told
from tenantry.endpoint import Runs
from tenantry.logs import say_in_lines
from tenantry.websocket.closing import CloseCode, Closing, Gone
from tenantry.websocket.messages import Subscribe, completed, failed, next_result
from tenantry.websocket.socket import Socket

# Characters of an id in a log line.
LONGEST_ID = 64
INSANE = re.compile(r"[^A-Za-z0-9._-]")

Task = asyncio.Task[None]
Watch = Callable[[Task], None]


class Operations:
    """Those of one connection, bounded: one more is refused alone, and the others go on.

    Closing the connection for it (4429) would end them all, and clients do not come back after that code.
    """

    def __init__(self, graph: Runs, socket: Socket, connection_id: str, watch: Watch, at_most: int) -> None:
        """`watch` has the connection wait for a task, and end with what it raises."""
        self._graph = graph
        self._socket = socket
        self._connection_id = connection_id
        self._watch = watch
        self._at_most = at_most
        self._by_id: dict[str, Task] = {}
        # Those that were stopped are among them until they have ended.
        self._tasks: set[Task] = set()
        self.count = 0

    async def begin(self, message: Subscribe, standing: Stands) -> None:
        """Run one beside the others.

        Raises:
            Closing: SUBSCRIBER_EXISTS.
            Gone: there is nobody to tell.
        """
        if message.id in self._by_id:
            raise Closing(CloseCode.SUBSCRIBER_EXISTS, f"Subscriber for {message.id} already exists")
        self.count += 1
        if len(self._by_id) >= self._at_most:
            await self._socket.send(failed(message.id, refused(self._too_many())))
            return
        while len(self._tasks) >= self._at_most:
            await asyncio.wait(self._tasks - set(self._by_id.values()), return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._run(message, standing))
        self._watch(task)
        self._by_id[message.id] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self, operation: str) -> None:
        """Cancel one, in the database too; nothing more is said of it. One that has ended is no matter."""
        task = self._by_id.pop(operation, None)
        if task is not None:
            task.cancel()

    async def _run(self, message: Subscribe, standing: Stands) -> None:
        request_id = f"{self._connection_id}-{INSANE.sub('_', message.id)}"[:LONGEST_ID]
        say_in_lines(request_id=request_id)
        try:
            refusal = await self._open(message, standing, request_id)
        except Gone:
            raise
        except Exception as error:  # noqa: BLE001  (whatever broke, the client is told that it ends)
            refusal = told(error)
        # Free before the last word is said: whoever hears it may use the id again.
        self._by_id.pop(message.id, None)
        await self._socket.send(completed(message.id) if refusal is None else failed(message.id, refusal))

    async def _open(self, message: Subscribe, standing: Stands, request_id: str) -> Answer | None:
        """Say all that there is to say but how it ends: None, or the answer of one that was refused."""
        opened = await self._graph.open(message.request, standing, request_id)
        if isinstance(opened, Answer):
            if opened.status != HTTPStatus.OK:
                return opened
            await self._socket.send(next_result(message.id, opened.body))
            return None
        try:
            async for body in opened:
                await self._socket.send(next_result(message.id, body))
        finally:
            await _close(opened)
        return None

    def _too_many(self) -> Refusal:
        return Refusal(Code.RATE_LIMITED, f"{self._at_most} operations run on this connection: complete one first.")


async def _close(stream: Stream) -> None:
    """To the end, even where the operation is stopped meanwhile."""
    closing = asyncio.create_task(stream.aclose())
    try:
        await asyncio.shield(closing)
    except asyncio.CancelledError:
        await asyncio.gather(closing, return_exceptions=True)
        raise
