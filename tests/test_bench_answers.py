"""`make bench`: servers that do not answer the same are not compared any further."""

import uuid
from typing import Any

import httpx
import pytest

from benchmarks.timed.answers import Unequal, answer, compared, difference, plain
from benchmarks.timed.ask import UNIQUE, Ask, graphql
from benchmarks.timed.comparing import shown_devices
from benchmarks.timed.load import NoLoad, read

ID = str(uuid.UUID(int=7))


@pytest.mark.parametrize(
    ("expected", "found", "said"),
    [
        ({"a": 1}, {"a": 2}, "answer.a is 2, not 1"),
        ({"a": 1}, {"a": "1"}, 'answer.a is "1", not 1'),
        ({"a": True}, {"a": 1}, "answer.a is 1, not true"),
        ({"a": None}, {}, "answer has , not a"),
        ({"a": 1}, {"a": 1, "b": 2}, "answer has a, b, not a"),
        ([1, 2], [1], "answer has 1 items, not 2"),
        ([1, 2], [2, 1], "answer[0] is 2, not 1"),
        ({"a": [{"b": 1}]}, {"a": [{"b": None}]}, "answer.a[0].b is null, not 1"),
        ({"a": [1]}, {"a": {"b": 1}}, 'answer.a is {"b":1}, not [1]'),
    ],
)
def test_the_first_difference_is_told_with_its_place(expected: Any, found: Any, said: str) -> None:
    """A value, its type, a field that is missing or too many, the order of a list."""
    assert difference(expected, found) == said


def test_what_servers_may_choose_is_no_difference() -> None:
    """The order of fields, and whether an id names its type."""
    ours, theirs = {"id": f"dev_{ID}", "name": "a"}, {"name": "a", "id": ID}
    assert difference(plain(ours), plain(theirs)) is None
    assert plain({"name": "dev_5"}) == {"name": "dev_5"}


def test_devices_are_counted_by_their_serials() -> None:
    """At any depth: an answer that is equally empty everywhere is found."""
    assert shown_devices({"serial": 1, "nodes": [{"serial": 2}, {"area": {"name": "x"}}]}) == 2


def test_of_many_requests_a_few_are_compared() -> None:
    """The first and the last among them; of few all."""
    asks = [Ask(f"/{each}") for each in range(1000)]
    assert [each.path for each in compared(asks)] == ["/0", "/249", "/499", "/749", "/999"]
    assert compared(asks[:3]) == asks[:3]


@pytest.mark.parametrize(
    "response",
    [httpx.Response(500, content=b"{}"), httpx.Response(200, content=b'{"errors":[],"data":null}')],
)
async def test_an_error_is_no_answer(response: httpx.Response) -> None:
    """Whatever status it comes with."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: response)) as client:
        with pytest.raises(Unequal):
            await answer(client, "127.0.0.1:1", Ask("/x"))


def test_a_request_goes_over_the_wire_as_http() -> None:
    """With its token, its length and its host."""
    raw = graphql("{ a }", {"b": 1}, token="secret").raw("127.0.0.1:80")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert body == b'{"query":"{ a }","variables":{"b":1}}'
    assert head.split(b"\r\n") == [
        b"POST /graphql HTTP/1.1",
        b"Host: 127.0.0.1:80",
        b"Accept: application/json",
        b"Content-Type: application/json",
        b"Authorization: Bearer secret",
        b"Content-Length: %d" % len(body),
    ]


def test_a_request_that_changes_something_is_never_the_same() -> None:
    """Its number is as long as what stands for it, so that its length stays."""
    ask = graphql("mutation { a }", {"name": f"x {UNIQUE}"})
    assert b"x 000000012" in ask.numbered(12).body
    assert len(ask.numbered(12).body) == len(ask.body)
    assert graphql("{ a }").numbered(12) == graphql("{ a }")


def test_what_the_driver_says_is_read() -> None:
    """Times in seconds."""
    loaded = read("Running 1s test\n\nMEASURED 500 2000000 1500 90000 0 0\n\n")
    assert (loaded.requests, loaded.seconds, loaded.p50, loaded.p99) == (500, 2.0, 0.0015, 0.09)


@pytest.mark.parametrize("counted", ["500 2000000 1500 90000 1 0", "500 2000000 1500 90000 0 1"])
def test_one_wrong_answer_is_too_many(counted: str) -> None:
    """As is one connection that failed; the server's words are told."""
    with pytest.raises(NoLoad, match="503 busy"):
        read(f"MEASURED {counted}\n503 busy\n")
