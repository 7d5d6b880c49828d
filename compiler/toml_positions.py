"""Where the keys and values of a TOML text stand, which `tomllib` does not tell.

The text must be valid TOML: `tomllib` has judged it before, and reads the values. A path is
the way from the top: keys as text, positions in arrays as numbers.
"""

from __future__ import annotations

import re
import tomllib
from typing import final

from attrs import field, frozen

from ..ir.source import SourceFile, Span

KeyPath = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACES = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[^\s.=\]\"'#]+")
_STRING = re.compile(
    r'"""(?:[^\\"]|\\[\s\S]|"(?!""))*"""(?:"{0,2})'
    r"|'''(?:[^']|'(?!''))*'''(?:'{0,2})"
    r'|"(?:[^\\"\n]|\\.)*"'
    r"|'[^'\n]*'"
)
_SCALAR = re.compile(r"[^,\]}#\n]*")


@final
@frozen
class Positions:
    """Spans by path. A table has the place of its header, a dotted key that of its last part.

    `headers` are the headers in their order: where each starts, and the names in it.
    """

    source: SourceFile
    keys: dict[KeyPath, tuple[int, int]] = field(factory=dict)
    values: dict[KeyPath, tuple[int, int]] = field(factory=dict)
    headers: list[tuple[int, tuple[str, ...]]] = field(factory=list)

    def key(self, path: KeyPath) -> Span | None:
        """Return the span of the key at `path`; of an array's member, that of its value."""
        place = self.keys.get(path) or self.values.get(path)
        return self.source.span(*place) if place else None

    def value(self, path: KeyPath) -> Span | None:
        """Return the span of the value at `path`, or of the key where a table has no text of its own."""
        place = self.values.get(path) or self.keys.get(path)
        return self.source.span(*place) if place else None


def find_positions(source: SourceFile) -> Positions:
    """Return the place of every key and value of the valid TOML text `source`."""
    scanner = _Scanner(source.text, Positions(source))
    scanner.scan()
    return scanner.positions


class _Scanner:
    def __init__(self, text: str, positions: Positions) -> None:
        self.text = text
        self.positions = positions
        self.at = 0
        self.arrays: dict[KeyPath, int] = {}

    def scan(self) -> None:
        table: KeyPath = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self._scan_header()
            else:
                self._scan_pair(table)
            self._skip(_BLANK)

    def _scan_header(self) -> KeyPath:
        start = self.at
        is_array = self.text.startswith("[[", start)
        self.at += 2 if is_array else 1
        parts = self._scan_key()
        self.at += 2 if is_array else 1
        self.positions.headers.append((start, tuple(name for name, _, _ in parts)))
        path: KeyPath = ()
        for index, (name, key_start, key_end) in enumerate(parts):
            path = (*path, name)
            self.positions.keys.setdefault(path, (key_start, key_end))
            is_last = index == len(parts) - 1
            if is_array and is_last:
                self.arrays[path] = self.arrays.get(path, -1) + 1
            if path in self.arrays:
                path = (*path, self.arrays[path])
                if is_array and is_last:
                    self.positions.values[path] = (start, self.at)
            elif is_last:
                self.positions.keys[path] = (key_start, key_end)
        return path

    def _scan_pair(self, table: KeyPath) -> None:
        path = table
        for name, start, end in self._scan_key():
            path = (*path, name)
            self.positions.keys.setdefault(path, (start, end))
        self.at += 1  # the equals sign
        self._skip(_SPACES)
        self._scan_value(path)

    def _scan_key(self) -> list[tuple[str, int, int]]:
        parts: list[tuple[str, int, int]] = []
        while True:
            self._skip(_SPACES)
            start = self.at
            if self.text[start] in "\"'":
                self._skip(_STRING)
                name = tomllib.loads(f"x = {self.text[start : self.at]}")["x"]
            else:
                self._skip(_BARE_KEY)
                name = self.text[start : self.at]
            parts.append((name, start, self.at))
            self._skip(_SPACES)
            if not self.text.startswith(".", self.at):
                return parts
            self.at += 1

    def _scan_value(self, path: KeyPath) -> None:
        start = self.at
        match self.text[start]:
            case "[":
                self._scan_array(path)
            case "{":
                self._scan_inline_table(path)
            case '"' | "'":
                self._skip(_STRING)
            case _:
                self._skip(_SCALAR)
                self.at = start + len(self.text[start : self.at].rstrip())
        self.positions.values[path] = (start, self.at)

    def _scan_array(self, path: KeyPath) -> None:
        self._enter()
        index = 0
        while self.text[self.at] != "]":
            self._scan_value((*path, index))
            index += 1
            self._pass_comma()
        self.at += 1

    def _scan_inline_table(self, path: KeyPath) -> None:
        self._enter()
        while self.text[self.at] != "}":
            self._scan_pair(path)
            self._pass_comma()
        self.at += 1

    def _enter(self) -> None:
        self.at += 1
        self._skip(_BLANK)

    def _pass_comma(self) -> None:
        self._skip(_BLANK)
        if self.text[self.at] == ",":
            self._enter()

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        assert match is not None
        self.at = match.end()
