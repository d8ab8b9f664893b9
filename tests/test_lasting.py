"""Work that lasts as long as its caller stays: whichever comes first, nothing of the watch is left behind."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from models import lasting as lasting_module
from models.lasting import deadline, lasting
from tenantry.body import ClientGone
from tenantry.connected import hung_up

BODY = {"type": "http.request", "body": b"", "more_body": False}
GONE = {"type": "http.disconnect"}


class Client:
    """What a server hears of a caller; `asked` is set when somebody wants to know whether it is there."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def receive(self) -> dict[str, Any]:
        """The next message."""
        self.asked.set()
        return await self._said.get()

    def says(self, message: dict[str, Any]) -> None:
        """Send one, or hang up."""
        self._said.put_nowait(message)


class Work:
    """Ends when it is told to; `stopped` tells whether it was cancelled instead."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.begun = asyncio.Event()
        self.stopped = False

    async def run(self) -> str:
        """Wait for the answer."""
        self.begun.set()
        try:
            return await self.answer
        except asyncio.CancelledError:
            self.stopped = True
            raise


@pytest.fixture
def client() -> Client:
    """Somebody who waits."""
    return Client()


@pytest.fixture
async def work() -> Work:
    """What it waits for."""
    return Work()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch begins in the loop's next turn."""
    monkeypatch.setattr(lasting_module, "SOON", 0.0)


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """No task outlives a test, and none is cancelled by what a test began."""
    before = asyncio.all_tasks()
    yield
    for _ in range(3):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}


async def as_a_request(running: Awaitable[str]) -> tuple[str, int]:
    """How it ended, and how often its task is cancelled after that; a cancellation that still comes would be seen."""
    task = asyncio.current_task()
    assert task is not None
    try:
        ended = await running
    except ClientGone:
        ended = "gone"
    for _ in range(3):
        await asyncio.sleep(0)
    return ended, task.cancelling()


@pytest.mark.usefixtures("soon")
async def test_what_answers_soon_asks_nobody(client: Client) -> None:
    """Most answers have left before the watch begins."""

    async def answer() -> str:
        return "answer"

    client.says(GONE)
    assert await as_a_request(lasting(answer(), hung_up(client.receive))) == ("answer", 0)
    assert not client.asked.is_set()


@pytest.mark.usefixtures("soon")
async def test_an_answer_ends_the_watch(client: Client, work: Work) -> None:
    """Whoever hangs up after that disturbs nobody."""
    task = asyncio.create_task(as_a_request(lasting(work.run(), hung_up(client.receive))))
    await client.asked.wait()
    work.answer.set_result("answer")
    assert await task == ("answer", 0)
    client.says(GONE)


@pytest.mark.usefixtures("soon")
async def test_a_fault_ends_the_watch(client: Client, work: Work) -> None:
    """It comes through as it is."""
    task = asyncio.create_task(as_a_request(lasting(work.run(), hung_up(client.receive))))
    await client.asked.wait()
    work.answer.set_exception(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await task


@pytest.mark.usefixtures("soon")
async def test_who_hung_up_before_the_watch_is_found_when_it_begins(client: Client, work: Work) -> None:
    """What was said before that is passed over."""
    client.says(BODY)
    client.says(GONE)
    assert await as_a_request(lasting(work.run(), hung_up(client.receive))) == ("gone", 0)
    assert work.stopped


@pytest.mark.usefixtures("soon")
async def test_who_hangs_up_during_the_watch_stops_the_work(client: Client, work: Work) -> None:
    """And the task that ran it goes on, cancelled by nobody."""
    task = asyncio.create_task(as_a_request(lasting(work.run(), hung_up(client.receive))))
    await client.asked.wait()
    client.says(GONE)
    assert await task == ("gone", 0)
    assert work.stopped


def answered(work: Work, client: Client) -> None:
    """The answer, then the hang-up."""
    work.answer.set_result("answer")
    client.says(GONE)


def hanging_up(work: Work, client: Client) -> None:
    """The hang-up, then the answer."""
    client.says(GONE)
    work.answer.set_result("answer")


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(("both", "expected"), [(answered, "answer"), (hanging_up, "gone")])
async def test_an_answer_and_a_hang_up_in_one_turn_end_as_the_first_of_them(
    client: Client, work: Work, both: Callable[[Work, Client], None], expected: str
) -> None:
    """Neither is half of it, and the other one comes to nothing."""
    task = asyncio.create_task(as_a_request(lasting(work.run(), hung_up(client.receive))))
    await client.asked.wait()
    await asyncio.sleep(0)
    both(work, client)
    assert await task == (expected, 0)


@pytest.mark.usefixtures("soon")
async def test_a_server_that_stops_cancels_its_request(client: Client, work: Work) -> None:
    """Nobody hung up: the request is cancelled, and stays so."""
    task = asyncio.create_task(as_a_request(lasting(work.run(), hung_up(client.receive))))
    await client.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (task.cancelled(), task.cancelling(), work.stopped) == (True, 1, True)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("first", ["the server", "the caller"])
async def test_a_server_that_stops_while_its_caller_hangs_up_cancels_its_request(
    client: Client, work: Work, first: str
) -> None:
    """In one turn of the loop, in either order: a hang-up does not take a cancellation away."""
    task = asyncio.create_task(as_a_request(lasting(work.run(), hung_up(client.receive))))
    await client.asked.wait()
    await asyncio.sleep(0)
    if first == "the server":
        task.cancel()
        client.says(GONE)
    else:
        client.says(GONE)
        asyncio.get_running_loop().call_soon(task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (task.cancelled(), task.cancelling()) == (True, 1)


@pytest.mark.usefixtures("soon")
async def test_a_deadline_while_its_caller_hangs_up_is_a_hang_up(client: Client) -> None:
    """Nobody waits for what a deadline has to say."""
    begun = asyncio.Event()

    async def hurried() -> str:
        async with asyncio.timeout(None) as deadline:
            begun.set()
            await client.asked.wait()
            await asyncio.sleep(0)
            client.says(GONE)
            deadline.reschedule(0.0)
            await asyncio.Future()
        raise AssertionError

    assert await as_a_request(lasting(hurried(), hung_up(client.receive))) == ("gone", 0)


@pytest.mark.usefixtures("soon")
async def test_work_that_ends_in_spite_of_a_hang_up_is_not_cancelled_later(client: Client, work: Work) -> None:
    """What cannot be stopped any more, such as a commit under way, gives its answer."""

    async def stubborn() -> str:
        try:
            return await work.run()
        except asyncio.CancelledError:
            return "answer"

    client.says(GONE)
    assert await as_a_request(lasting(stubborn(), hung_up(client.receive))) == ("answer", 0)


@pytest.mark.usefixtures("soon")
async def test_work_past_its_deadline_is_stopped(work: Work) -> None:
    """And its task goes on, cancelled by nobody."""
    with pytest.raises(TimeoutError):
        await as_a_request(lasting(work.run(), deadline(0.001)))
    task = asyncio.current_task()
    assert task is not None
    assert (task.cancelling(), work.stopped) == (0, True)


@pytest.mark.usefixtures("soon")
async def test_of_several_guards_the_first_that_raises_tells_why(client: Client, work: Work) -> None:
    """One cancellation is enough: the others come to nothing."""
    client.says(GONE)
    guards = hung_up(client.receive), deadline(0.0), deadline(60)
    assert await as_a_request(lasting(work.run(), *guards)) == ("gone", 0)


@pytest.mark.usefixtures("soon")
async def test_an_inner_deadline_leaves_the_outer_guard_as_it_was(client: Client, work: Work) -> None:
    """Work in parts may have a guard for each part."""

    async def parted() -> str:
        with pytest.raises(TimeoutError):
            await lasting(work.run(), deadline(0.0))
        client.says(GONE)
        await asyncio.Future()
        raise AssertionError

    assert await as_a_request(lasting(parted(), hung_up(client.receive))) == ("gone", 0)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("end", ["a guard", "a cancellation"])
async def test_what_the_work_held_is_let_go_at_once(work: Work, end: str) -> None:
    """Nothing is left to the collector, which comes when it likes: a connection, say, or what was never awaited."""
    held: list[weakref.ref[Work]] = []

    async def holding() -> str:
        mine = Work()
        held.append(weakref.ref(mine))
        return await work.run()

    gc.disable()
    try:
        task = asyncio.create_task(lasting(holding(), deadline(0.0 if end == "a guard" else 60)))
        await work.begun.wait()
        if end == "a cancellation":
            task.cancel()
        with suppress(TimeoutError, asyncio.CancelledError):
            await task
        del task
        await asyncio.sleep(0)
        assert held[0]() is None
    finally:
        gc.enable()


async def test_work_that_never_waits_is_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a timer is set for it."""

    async def answer() -> str:
        return "answer"

    with monkeypatch.context() as patched:
        patched.setattr(asyncio.get_running_loop(), "call_later", None)
        assert await lasting(answer(), deadline(60)) == "answer"
