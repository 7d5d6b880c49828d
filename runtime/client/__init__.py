"""Call bound functions in a worker process: `with Worker(workspace) as w: w.call("tomli.loads", text)`.

Needs only the standard library. See `docs/worker.md`.
"""

from .._mochi_wrap.bound import read_checksums
from .errors import (
    CallCancelledError,
    CallTimeoutError,
    RemoteError,
    WorkerCrashError,
    WorkerError,
    WorkerGoneError,
)
from .remote import Handle, RemoteIterator, RemoteStream
from .replies import Reply
from .worker import Worker

__all__ = [
    "CallCancelledError",
    "CallTimeoutError",
    "Handle",
    "RemoteError",
    "RemoteIterator",
    "RemoteStream",
    "Reply",
    "Worker",
    "WorkerCrashError",
    "WorkerError",
    "WorkerGoneError",
    "read_checksums",
]
