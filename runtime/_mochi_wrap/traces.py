"""Tracebacks as the writer of a Mochi program wants them: without what only carries a call.

Frames of this package and of event loops between it and the awaited code are left out. A frame
of a wrapper becomes the place where the package declares what it wraps, which the symbol table
beside the wrapper tells.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterator
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple

_FIRST, _LAST = 16, 48
"""How many of the outermost and of the innermost frames are told."""

_CARRIERS = frozenset(
    {
        "asyncio",
        "concurrent",
        "contextlib",
        "contextvars",
        "selectors",
        "threading",
        "uvloop",
    }
)
"""Modules that stand between this package and the awaited code."""

_OURS = ("_mochi_link", __name__.rpartition(".")[0])


class Frame(NamedTuple):
    """A line that was being executed; line 0 is not known.

    `kind` is `python`; `declaration` for a wrapper, by where the package declares the item;
    `mochi` for a line of a Mochi program; or `omitted` for a number of frames, given by `line`.
    """

    file: str
    line: int
    function: str
    kind: str = "python"


def visible_frames(traceback: TracebackType | None) -> tuple[Frame, ...]:
    """Return the frames of `traceback` from the outermost, without those that only carry a call."""
    frames = list(_visible(traceback))
    if len(frames) <= _FIRST + _LAST + 1:
        return tuple(frames)
    between = Frame("", len(frames) - _FIRST - _LAST, "", "omitted")
    return (*frames[:_FIRST], between, *frames[-_LAST:])


def _visible(traceback: TracebackType | None) -> Iterator[Frame]:
    carried = False
    while traceback is not None:
        frame, line = traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next
        module = str(frame.f_globals.get("__name__", ""))
        if is_ours(module):
            carried = True
        elif module.startswith("_frozen_importlib") or (
            carried and module.partition(".")[0] in _CARRIERS
        ):
            pass
        else:
            carried = False
            yield _told(frame, line)


def is_ours(module: str) -> bool:
    """Tell whether a module of this name belongs to the runtime of wrappers."""
    return module in _OURS or module.startswith(f"{_OURS[1]}.")


def _told(frame: FrameType, line: int) -> Frame:
    code = frame.f_code
    if "_mochi" in frame.f_globals and _wrapper_stem(code.co_filename):
        return declaration(code) or Frame(code.co_filename, line, code.co_qualname)
    if ".generated." in str(frame.f_globals.get("__name__", "")):
        # What Mochi's Python back end writes names no lines of the program.
        program = os.path.basename(code.co_filename).removesuffix(".py")
        name = code.co_name.removeprefix("mochi__")
        return Frame(f"{program}.mochi", 0, name, "mochi")
    return Frame(code.co_filename, line, code.co_qualname)


# --- declarations -----------------------------------------------------------------------

_tables: dict[str, dict[str, Frame]] = {}


def declaration(code: CodeType) -> Frame | None:
    """Return where the package declares what a function of a wrapper is for, if that is known."""
    table = _tables.get(code.co_filename)
    if table is None:
        table = _tables[code.co_filename] = _read_table(code.co_filename)
    name = code.co_name
    return table.get(name) or table.get(name.replace("_async", "_sync"))


def _wrapper_stem(path: str) -> str:
    """Return the path of a wrapper up to `_externs.py`, or to the number of a part; empty for other files."""
    name = path.removesuffix(".py").rstrip("0123456789").removesuffix("_")
    return name.removesuffix("_externs") if name.endswith("_externs") else ""


def _read_table(wrapper: str) -> dict[str, Frame]:
    import json  # only needed for the first error out of a wrapper

    try:
        path = _wrapper_stem(wrapper) + "_symbols.json"
        with open(path, encoding="utf-8") as file:
            table: dict[str, Any] = json.load(file)
        return {
            symbol["mochi"]: Frame(
                symbol["file"] or symbol["python"],
                symbol["line"] or 0,
                f"{table['alias']}.{symbol['mochi']}",
                "declaration",
            )
            for symbol in table["symbols"]
        }
    except (OSError, ValueError, LookupError, TypeError):
        return {}
