"""What one side of a connection keeps for the other: objects by number, buffers in shared memory."""

from __future__ import annotations

import itertools
import mmap
import os
import sys
import tempfile
import threading
from typing import Any, NamedTuple


class HandleError(LookupError):
    """A number is no handle: it was never given out, or it was released."""


class Table:
    """Objects by number. One object has one number, which counts how often it was given out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._kept: dict[int, tuple[Any, int]] = {}
        self._known: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, value: Any) -> int:
        """Give out `value` once more and return its number."""
        with self._lock:
            number = self._known.get(id(value))
            if number is None:
                number = self._known[id(value)] = next(self._numbers)
            self._kept[number] = value, self._kept.get(number, (value, 0))[1] + 1
        return number

    def get(self, number: int) -> Any:
        """Return the object with this number. Raises `HandleError` where there is none."""
        try:
            return self._kept[number][0]
        except (KeyError, TypeError):
            raise HandleError(f"{number!r} is not a handle in use") from None

    def release(self, number: int, count: int = 1) -> None:
        """Take back `count` of what was given out; the object is forgotten with the last."""
        with self._lock:
            value, given = self._kept.get(number, (None, 0))
            if given > count:
                self._kept[number] = value, given - count
            elif given:
                del self._kept[number], self._known[id(value)]


# --- buffers ----------------------------------------------------------------------------


class _Segment(NamedTuple):
    file: int
    path: str
    """Of a file that has to be removed, else empty."""


class Segments:
    """Copies of buffers that the other side reads beside the text.

    A copy is in memory without a name where the system has that, so that nothing is left
    behind by a process that is killed; else in a file for temporary ones. The other side
    says when it has taken a copy; `release` frees it.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._kept: dict[int, _Segment] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def share(self, value: Any) -> dict[str, Any]:
        """Copy the bytes or array `value` and return what the other side needs to know."""
        content = _describe(value)
        view = _flat_view(value)
        number = next(self._numbers)
        segment, path = _write(view)
        self._kept[number] = segment
        return {**content, "number": number, "path": path, "size": view.nbytes}

    def release(self, number: int) -> None:
        """Free a copy; releasing twice is harmless."""
        segment = self._kept.pop(number, None)
        if segment is not None:
            os.close(segment.file)
            if segment.path:
                os.unlink(segment.path)

    def close(self) -> None:
        """Free all copies."""
        for number in list(self._kept):
            self.release(number)


def is_buffer(value: Any) -> bool:
    """Tell whether `value` is an array that can cross as a whole: contiguous, and of numbers."""
    if isinstance(getattr(value, "__array_interface__", None), dict):
        flags = getattr(value, "flags", None)
        plain = value.__array_interface__.get("typestr", "|O")[1] in "biufcmMSU?"
        return plain and bool(getattr(flags, "c_contiguous", False))
    if type(value).__module__ != "array" and not isinstance(value, memoryview):
        return False
    return memoryview(value).c_contiguous


def read_shared(content: dict[str, Any]) -> Any:
    """Return the value that `Segments.share` described: bytes, an array, or a memoryview.

    Arrays are not copied: the memory is private to this side from now on.
    """
    size = content["size"]
    file = os.open(content["path"], os.O_RDONLY)
    try:
        memory: Any = mmap.mmap(file, size, access=mmap.ACCESS_COPY) if size else b""
    finally:
        os.close(file)
    kind = content["kind"]
    if kind == "bytes":
        data = bytes(memory)
        if size:
            memory.close()
        return data
    numpy = sys.modules.get("numpy")
    if kind == "array" and numpy is not None:
        return numpy.ndarray(content["shape"], content["dtype"], buffer=memory)
    flat = memoryview(memory).cast("B")
    return flat.cast(content["format"], content["shape"]) if size else flat


def _describe(value: Any) -> dict[str, Any]:
    interface = getattr(value, "__array_interface__", None)
    if isinstance(interface, dict):
        shape, dtype = list(interface["shape"]), interface["typestr"]
        view_format = _FORMATS.get(dtype[1:], "B")
        if view_format == "B":
            shape = [_flat_view(value).nbytes]
        return {"kind": "array", "dtype": dtype, "format": view_format, "shape": shape}
    view = memoryview(value)
    if isinstance(value, (bytes, bytearray)):
        return {"kind": "bytes"}
    return {"kind": "view", "format": view.format, "shape": list(view.shape or ())}


_FORMATS = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I"}
_FORMATS |= {"i8": "q", "u8": "Q", "f4": "f", "f8": "d", "b1": "?"}


def _flat_view(value: Any) -> memoryview:
    view = memoryview(value)
    return view.cast("B") if view.nbytes else memoryview(b"")


def _write(view: memoryview) -> tuple[_Segment, str]:
    if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
        file, path = os.memfd_create("mochi"), ""
        shown = f"/proc/{os.getpid()}/fd/{file}"
    else:
        file, path = tempfile.mkstemp(prefix="mochi-")
        shown = path
    try:
        while view:
            view = view[os.write(file, view) :]
    except BaseException:
        os.close(file)
        if path:
            os.unlink(path)
        raise
    return _Segment(file, path), shown
