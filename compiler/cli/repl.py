"""A prompt to try bound functions at: `name ARGUMENT…` calls, `x = name ARGUMENT…` keeps the result."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from typing import Protocol, TextIO, final

from ...runtime._mochi_wrap.wire import Codec, WireError
from ...runtime.client import WorkerError

HELP = """\
NAME ARGUMENT…        call a function; an argument is JSON, or a name that was kept
NAME = …              keep a result; `_` is the last one
:names [TEXT]         the functions, those with TEXT in their name
:type NAME            how a function is declared
:help, :quit
"""
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)\s*=(?!=)\s*(.*)")
_WORD = re.compile(r"[A-Za-z_]\w*")


class Caller(Protocol):
    """What calls functions."""

    def call(self, target: str, *arguments: object, timeout: float | None = None) -> object:
        """Call a function and return its result."""


class InputError(ValueError):
    """A line is not understood."""


@final
class Repl:
    """Reads lines from `lines`, calls functions of `alias`, prints what they give."""

    def __init__(self, caller: Caller, alias: str, names: Mapping[str, str], lines: TextIO) -> None:
        self._caller = caller
        self._alias = alias
        self._names = names
        self._lines = lines
        self._kept: dict[str, object] = {}
        self._codec = Codec("json")
        self._decoder = json.JSONDecoder()

    def run(self) -> int:
        """Do every line until the end; return the exit code."""
        shows = self._lines.isatty()
        if shows:
            sys.stdout.write(f"{len(self._names)} functions of {self._alias}; :help tells what to type\n")
        while True:
            if shows:
                sys.stdout.write("> ")
                sys.stdout.flush()
            line = self._lines.readline()
            if not line or line.strip() in (":quit", ":q"):
                return 0
            try:
                self._do(line.strip())
            except (InputError, WireError, WorkerError) as error:
                sys.stdout.write(f"error: {error}\n")
            sys.stdout.flush()

    def _do(self, line: str) -> None:
        from .run_command import show_value

        if not line or line.startswith("#"):
            return
        if line.startswith(":"):
            self._command(*line[1:].split())
            return
        assigned = _ASSIGNED.fullmatch(line)
        result = self._evaluate(assigned[2] if assigned else line)
        self._kept[assigned[1] if assigned else "_"] = result
        if not assigned:
            sys.stdout.write(json.dumps(show_value(result), ensure_ascii=False) + "\n")

    def _command(self, name: str = "", *words: str) -> None:
        match name:
            case "names":
                found = [each for each in self._names if all(word in each for word in words)]
                sys.stdout.write("".join(f"{each}\n" for each in sorted(found)))
            case "type" if len(words) == 1 and words[0] in self._names:
                sys.stdout.write(self._names[words[0]] + "\n")
            case "help":
                sys.stdout.write(HELP)
            case _:
                raise InputError(f"`:{' '.join([name, *words])}` is not understood; :help tells what is")

    def _evaluate(self, text: str) -> object:
        """Return the value of a call, of a kept name, or of JSON."""
        word = _WORD.match(text)
        if word is None or word[0] in ("true", "false", "null"):
            values = self._read_values(text)
            if len(values) != 1:
                raise InputError("a line is one value, or a function and its arguments")
            return values[0]
        name = word[0]
        if name in self._kept and name not in self._names:
            return self._read_values(text)[0]
        if name not in self._names:
            from .run_command import suggest

            raise InputError(f"{self._alias} binds no function {name}; {suggest(name, list(self._names))}")
        return self._caller.call(f"{self._alias}.{name}", *self._read_values(text[word.end() :]))

    def _read_values(self, text: str) -> list[object]:
        values: list[object] = []
        rest = text.strip()
        while rest:
            word = _WORD.match(rest)
            if word is not None and word[0] in self._kept:
                values.append(self._kept[word[0]])
                rest = rest[word.end() :].lstrip()
                continue
            try:
                value, end = self._decoder.raw_decode(rest)
            except ValueError:
                raise InputError(f"`{rest}` is neither JSON nor a name that was kept") from None
            values.append(self._codec.untag(value))
            rest = rest[end:].lstrip()
        return values
