"""Asynchronous iterators, read and given."""

from __future__ import annotations

import asyncio
import threading
import time
import types
from collections.abc import Iterator
from typing import Any

import _mochi_wrap as m
from harness import PERSISTENT, VARIABLE, case, count, limit, raises, value


@case
def a_stream_is_read_value_by_value(loop: m.Loop) -> None:
    seen: list[Any] = []
    stream = loop.stream_of(m.as_int, "stream<int>")(count(3, seen), "count")
    assert next(stream) == 0
    assert list(stream) == [1, 2]
    assert next(stream, None) is None
    stream.close()
    assert seen == [(1, "stream")]
    assert VARIABLE.get() == "unset"
    with raises(TypeError, "expected stream<int>"):
        loop.stream_of(m.as_int, "stream<int>")([1], "count")


@case
def a_stream_is_closed_when_nobody_has_it(loop: m.Loop) -> None:
    seen: list[Any] = []
    for close in (True, False):
        stream = loop.stream_of(m.as_int)(count(3, seen), "count")
        assert next(stream) == 0
        if close:
            stream.close()
            assert list(stream) == []
        del stream
        loop.run_async(value(1, 0.01), "f_sync")
        assert seen.pop() == (1, "stream")
    # Wherever that happens.
    kept = [loop.stream_of(m.as_int)(count(3, seen), "count")]
    assert next(kept[0]) == 0

    async def drop() -> None:
        kept.clear()

    asyncio.run(drop())
    deadline = time.monotonic() + 5
    while not seen and time.monotonic() < deadline:
        time.sleep(0.01)
    assert seen == [(1, "stream")]
    never = loop.stream_of(m.as_int)(count(3, seen), "count")
    del never


@case
def a_stream_may_fail_or_be_late(loop: m.Loop) -> None:
    async def fail() -> Any:
        yield 1
        raise OSError("broken")

    stream = loop.stream_of(m.as_int)(fail(), "fail")
    assert next(stream) == 1
    with raises(OSError, "broken"):
        next(stream)
    assert list(stream) == []

    class Ticks:
        """An iterator that goes on after it was late."""

        delay = 60.0

        def __aiter__(self) -> Ticks:
            return self

        async def __anext__(self) -> int:
            await asyncio.sleep(self.delay)
            return 1

    ticks = Ticks()
    stream = loop.stream_of(m.as_int)(ticks, "ticks")
    with limit(0.05), raises(m.AsyncTimeoutError, "ticks: no result within 0.05 s"):
        next(stream)
    ticks.delay = 0.0
    assert next(stream) == 1
    stream.close()


@case
def streams_go_in(loop: m.Loop) -> None:
    async def total(numbers: Any) -> int:
        return sum([number async for number in numbers])

    into = m.to_stream(m.as_int, "stream<int>")

    def produce() -> Iterator[int]:
        for _ in range(3):
            yield loop.run_async(value(5, 0), "f_sync")

    for given in ([1, 2], (1, 2), range(3), produce()):
        found = loop.run_async(total(into(given, "total_sync")), "total_sync")
        assert found == (15 if isinstance(given, types.GeneratorType) else 3)
    stream = loop.stream_of(m.as_int)(count(4), "count")
    assert loop.run_async(total(into(stream, "total_sync")), "total_sync") == 6
    begun = loop.stream_of(m.as_int)(count(4), "count")
    next(begun)
    if loop is PERSISTENT:
        assert loop.run_async(total(into(begun, "total_sync")), "total_sync") == 6
    else:
        with raises(m.CrossLoopError, "count: the stream has begun in another event loop"):
            loop.run_async(total(into(begun, "total_sync")), "total_sync")


@case
def threads_may_share_a_stream(loop: m.Loop) -> None:
    stream = loop.stream_of(m.as_int)(count(200), "count")
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.extend(stream)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(200))
