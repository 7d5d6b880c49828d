"""Errors as values: what a caller in another language or process is told of an exception.

`describe_error` makes an `ErrorInfo` of an exception, `to_data` and `from_data` lead to plain
dicts and back, `format_error` shows one as Python shows an exception.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .traces import Frame, visible_frames

_MOST = 32
"""How many exceptions of chains and groups are told; each is told once."""

_LONGEST = 10_000
"""How many characters of a message are told."""


class ErrorInfo(NamedTuple):
    """What is told of an exception. It holds nothing but text, numbers and its like.

    `classes` has the class and its bases from the most derived one, without `object`, by qualified
    name; `type` is the first of them. `cause` is what `raise … from` names, `context` what was
    being handled where there is no cause, `members` the exceptions of a group. Frames stand from
    the outermost to the one that raised.
    """

    type: str
    classes: tuple[str, ...]
    message: str
    notes: tuple[str, ...] = ()
    frames: tuple[Frame, ...] = ()
    cause: ErrorInfo | None = None
    context: ErrorInfo | None = None
    members: tuple[ErrorInfo, ...] = ()


def describe_error(
    error: BaseException, *, call: Frame | None = None, locate: bool = True
) -> ErrorInfo:
    """Return what is told of `error`.

    `call` is where the Mochi program called, if that is known, and becomes the outermost frame.
    Without `locate` there are no frames, which is the fast way for errors that are only handled.
    """
    info = _describe(error, {id(error)}, locate)
    return info if call is None else info._replace(frames=(call, *info.frames))


def _describe(error: BaseException, seen: set[int], locate: bool) -> ErrorInfo:
    def linked(other: BaseException | None) -> ErrorInfo | None:
        if other is None or id(other) in seen or len(seen) >= _MOST:
            return None
        seen.add(id(other))
        return _describe(other, seen, locate)

    classes = tuple(class_name(cls) for cls in type(error).__mro__[:-1])
    context = None if error.__suppress_context__ else error.__context__
    group = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return ErrorInfo(
        classes[0],
        classes,
        message_of(error),
        tuple(str(note) for note in getattr(error, "__notes__", ())),
        visible_frames(error.__traceback__) if locate else (),
        linked(error.__cause__),
        linked(context),
        tuple(info for each in group if (info := linked(each)) is not None),
    )


def class_name(cls: type) -> str:
    """Return the qualified name of a class; those of Python itself go without `builtins`."""
    if cls.__module__ == "builtins":
        return cls.__qualname__
    return f"{cls.__module__}.{cls.__qualname__}"


def message_of(error: BaseException) -> str:
    """Return the text of `error`, cut where it is very long. Never raises."""
    try:
        text = str(error)
    except Exception as failure:
        return f"<its text cannot be made: {type(failure).__qualname__}>"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


# --- plain data -------------------------------------------------------------------------


def to_data(info: ErrorInfo) -> dict[str, Any]:
    """Return `info` as a dict that every encoder of JSON takes; empty fields are left out."""
    data: dict[str, Any] = {
        "type": info.type,
        "classes": list(info.classes),
        "message": info.message,
        "notes": list(info.notes),
        "frames": [list(frame) for frame in info.frames],
        "cause": info.cause and to_data(info.cause),
        "context": info.context and to_data(info.context),
        "members": [to_data(each) for each in info.members],
    }
    return {
        key: value for key, value in data.items() if value or key in ("type", "message")
    }


def from_data(data: Mapping[str, Any]) -> ErrorInfo:
    """Return the value whose `to_data` is `data`."""

    def linked(name: str) -> ErrorInfo | None:
        return from_data(data[name]) if data.get(name) else None

    return ErrorInfo(
        data["type"],
        tuple(data.get("classes", ())),
        data["message"],
        tuple(data.get("notes", ())),
        tuple(Frame(*frame) for frame in data.get("frames", ())),
        linked("cause"),
        linked("context"),
        tuple(map(from_data, data.get("members", ()))),
    )


# --- text -------------------------------------------------------------------------------

_CAUSE = "The above exception was the direct cause of the following exception:"
_CONTEXT = "During handling of the above exception, another exception occurred:"


def format_error(info: ErrorInfo) -> str:
    """Return the text of `info`, as Python shows an exception: the innermost frame stands last."""
    return "\n".join(_lines(info))


def _lines(info: ErrorInfo) -> Iterator[str]:
    for other, title in ((info.cause, _CAUSE), (info.context, _CONTEXT)):
        if other is not None:
            yield from (*_lines(other), "", title, "")
            break
    if info.frames:
        yield "Traceback (most recent call last):"
    for frame in info.frames:
        yield from _frame_lines(frame)
    yield f"{info.type}: {info.message}" if info.message else info.type
    yield from info.notes
    for number, member in enumerate(info.members, 1):
        yield f"  {number}. in the group:"
        yield from (f"    {line}" for line in _lines(member))


def _frame_lines(frame: Frame) -> Iterator[str]:
    if frame.kind == "omitted":
        yield f"  … {frame.line} more …"
        return
    line = f", line {frame.line}" if frame.line else ""
    yield f'  File "{frame.file}"{line}, in {frame.function}'
    if text := _source_line(frame):
        yield f"    {text}"


def _source_line(frame: Frame) -> str:
    if frame.kind != "python":
        return ""
    import linecache  # only needed for text

    try:
        return linecache.getline(frame.file, frame.line).strip()
    except ValueError:
        # Python 3.11 and 3.12 ask the file system for names that it cannot have.
        return ""
