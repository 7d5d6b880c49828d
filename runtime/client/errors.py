"""What a call in a worker may end with other than a result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._mochi_wrap.errors import ErrorInfo, format_error, from_data


class WorkerError(Exception):
    """A call has no result. Every error of the client is one."""


class WorkerGoneError(WorkerError):
    """There is no worker to call: it was closed, or it is not to be started again."""


class WorkerCrashError(WorkerError):
    """The worker ended while the call was under way; whether the call had any effect is not known."""


class CallTimeoutError(WorkerError, TimeoutError):
    """The call did not end in time, and was cancelled."""


class CallCancelledError(WorkerError):
    """The call was cancelled."""


class RemoteError(WorkerError):
    """The function raised an exception.

    `type` is the qualified name of its class, `classes` has those of its bases too; `info`
    tells of causes and frames, which `format` shows as Python would.
    """

    def __init__(self, target: str, info: ErrorInfo) -> None:
        super().__init__(f"{info.type}: {info.message}" if info.message else info.type)
        self.target = target
        self.info = info

    @property
    def type(self) -> str:
        """The qualified name of the class of the exception."""
        return self.info.type

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the class and its bases, the most derived first."""
        return self.info.classes

    @property
    def message(self) -> str:
        """The text of the exception."""
        return self.info.message

    def is_a(self, name: str) -> bool:
        """Tell whether the exception is of the class `name`, or of one derived from it."""
        return any(name in (each, each.rpartition(".")[2]) for each in self.classes)

    def format(self) -> str:
        """Return the exception with its causes and frames, as text."""
        return format_error(self.info)


CANCELLED = -32800
CONTRACT_BROKEN = -32010


def make_error(target: str, fault: Mapping[str, Any]) -> WorkerError:
    """Return the error for the `error` object of an answer."""
    if data := fault.get("data"):
        return RemoteError(target, from_data(data))
    message = fault.get("message", "")
    if fault.get("code") == CANCELLED:
        return CallCancelledError(message)
    return WorkerError(message)
