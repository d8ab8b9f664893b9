"""One read: all of it is asked in one piece, and what comes back is gathered until it is whole."""

import asyncio

import asyncpg

from models.messages import ASIDE, COMMITTED, DONE, ERROR, HEAD, IDLE, LENGTH, READY, ROW

# Of a row of one value: the message's head, how many values there are, and the length of the first.
FIRST_VALUE = HEAD.size + 2


class Exchange:
    """What was asked, and what has come. `answer` is told the value of the one row and column, or the error."""

    def __init__(self, opened: bytes, answer: asyncio.Future[memoryview | None]) -> None:
        """`opened` is what PostgreSQL answers to what begins the transaction, and where it binds the statement."""
        self.answer = answer
        self._opened = opened
        self._pieces: list[bytes] = []
        # Bytes that have come, and how many there have to be before anything new can be read.
        self._size, self._needed = 0, HEAD.size

    def take(self, data: bytes) -> bytes | None:
        """A piece of the stream. What of it is the driver's, once all has come; None until then."""
        read = None if self._pieces else _usual(data, self._opened)
        if read is None:
            self._pieces.append(data)
            self._size += len(data)
            if self._size < self._needed:
                return None
            heard = b"".join(self._pieces)
            found = _usual(heard, self._opened) or _whole(heard)
            if isinstance(found, int):
                self._pieces, self._needed = [heard], found
                return None
            read, self._pieces = found, []
        value, error, rest = read
        self.give(value, error)
        return rest

    def give(self, value: memoryview | None, error: BaseException | None) -> None:
        """Tell who waits, if anybody does still."""
        if self.answer.done():
            return
        if error is None:
            self.answer.set_result(value)
        else:
            self.answer.set_exception(error)


Read = tuple[memoryview | None, BaseException | None, bytes]


def _usual(heard: bytes, opened: bytes) -> Read | None:
    """What all said where it is in the usual words, which most is; None for what has to be read word by word."""
    if not (heard.startswith(opened) and heard.endswith(COMMITTED)):
        return None
    at, ends = len(opened), len(heard) - len(COMMITTED)
    value = None
    kind, length = HEAD.unpack_from(heard, at)
    if kind == ROW:
        value = _first(heard, at)
        at += 1 + length
        if at > ends:
            return None
        kind, length = HEAD.unpack_from(heard, at)
    # Run for one row, a statement that has more says that it was stopped there.
    whole = kind in ENDINGS and at + 1 + length == ends
    return (value, None, b"") if whole else None


ENDINGS = frozenset(b"Cs")


def _whole(heard: bytes) -> Read | int:
    """The same, word by word; where its end has not come, how many bytes there have to be to read on."""
    at, size = 0, len(heard)
    value: memoryview | None = None
    error: BaseException | None = None
    aside: list[bytes] = []
    done: list[bytes] = []
    while size - at >= HEAD.size:
        kind, length = HEAD.unpack_from(heard, at)
        ends: int = at + 1 + length
        if ends > size:
            return ends
        if kind == READY:
            rest = b"".join([*aside, heard[ends:]])
            rests = heard[at + HEAD.size] == IDLE and done[:1] == [b"BEGIN\0"] and done[-1] == b"COMMIT\0"
            if error is None and not rests:
                # A statement that ran outside its transaction found nothing, since there was no tenant.
                error = asyncpg.InterfaceError("a read was not answered as a transaction")
            return (value if error is None else None), error, rest
        if kind in ASIDE:
            aside.append(heard[at:ends])
        elif kind == ROW:
            value = _first(heard, at)
        elif kind == DONE:
            done.append(heard[at + HEAD.size : ends])
        elif kind == ERROR and error is None:
            error = _error(heard[at + HEAD.size : ends])
        at = ends
    return at + HEAD.size


def _first(heard: bytes, at: int) -> memoryview | None:
    """The first value of the row whose message begins here."""
    (length,) = LENGTH.unpack_from(heard, at + FIRST_VALUE)
    begins = at + FIRST_VALUE + LENGTH.size
    return None if length < 0 else memoryview(heard)[begins : begins + length]


def _error(content: bytes) -> BaseException:
    """What PostgreSQL says went wrong, as the driver would raise it."""
    said = [field.decode(errors="replace") for field in content.split(b"\0") if field]
    error: BaseException = asyncpg.PostgresError.new({field[0]: field[1:] for field in said})
    return error
