"""What a client has of its worker: objects, iterators and streams that stay there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from .errors import WorkerGoneError

if TYPE_CHECKING:
    from .channel import Channel


class Handle:
    """An object of the worker. It is released there when this one is gone.

    An object that came several times is one handle. It can be passed to every function that
    takes such an object, and called where it is a function.
    """

    __slots__ = ("__weakref__", "channel", "count", "number")

    def __init__(self, channel: Channel, number: int) -> None:
        self.channel = channel
        self.number = number
        self.count = 1

    def __call__(self, *arguments: Any) -> Any:
        """Call the object, which is a function."""
        return self.channel.call("$/call", (self, list(arguments)))

    def describe(self) -> dict[str, str]:
        """Return the `type` of the object and its `text`, as Python shows it."""
        found: dict[str, str] = self.channel.call("$/describe", (self,))
        return found

    def to_buffer(self) -> Any:
        """Return what an array holds: an array where numpy is loaded here, else a memoryview."""
        return self.channel.call("$/buffer", (self,))

    def release(self) -> None:
        """Release the object now. The handle cannot be used any more."""
        count, self.count = self.count, 0
        if count:
            self.channel.drop(self.number, count)
            self.channel.send_notices()

    def check(self, channel: Channel) -> int:
        """Return the number, if it means anything to `channel`."""
        if channel is not self.channel:
            raise WorkerGoneError(
                "the object of this handle went with the worker that had it"
            )
        if not self.count:
            raise WorkerGoneError("this handle was released")
        return self.number

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.number}>"

    def __del__(self) -> None:
        if self.count:
            self.channel.drop(self.number, self.count)


class RemoteIterator(Handle, Iterator[Any]):
    """An iterator of the worker. A value is made when it is asked for."""

    __slots__ = ()

    def __next__(self) -> Any:
        items = self.take(1)
        if not items:
            raise StopIteration
        return items[0]

    def take(self, count: int) -> list[Any]:
        """Return the next `count` values in one call, fewer at the end."""
        found: list[Any] = self.channel.call("$/next", (self, count))
        return found

    def close(self) -> None:
        """Let the iterator clean up."""
        self.channel.call("$/close", (self,))


class RemoteStream(Handle, Iterator[Any], AsyncIterator[Any]):
    """A stream of the worker, to be read with `for` or with `async for`."""

    __slots__ = ()

    def __next__(self) -> Any:
        items = self.channel.call("$/pull", (self, 1))
        if not items:
            raise StopIteration
        return items[0]

    async def __anext__(self) -> Any:
        items = await self.channel.call_async("$/pull", (self, 1))
        if not items:
            raise StopAsyncIteration
        return items[0]
