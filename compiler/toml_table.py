"""Typed reading of a TOML table: every key is asked for, what was not asked for is unknown."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator
from difflib import get_close_matches
from typing import TypeVar, final

from ..ir import codes
from ..ir.diagnostics import Code, Diagnostic
from ..ir.source import Span
from .toml_positions import KeyPath, Positions

Choice = TypeVar("Choice", bound=enum.Enum)


@final
class Table:
    """A table and the diagnostics of its reading, shared with the tables inside it.

    Each `read_*` returns None for a key that is missing and for one of the wrong type, which
    it reports. A key may be given synonyms; two of them at once are reported.
    """

    def __init__(
        self,
        values: dict[str, object],
        path: KeyPath,
        positions: Positions,
        diagnostics: list[Diagnostic],
    ) -> None:
        self.values = values
        self.path = path
        self.positions = positions
        self.diagnostics = diagnostics
        self._asked: dict[str, None] = {}

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def key_span(self, key: str) -> Span | None:
        """Return the place of `key`."""
        return self.positions.key((*self.path, key))

    def value_span(self, key: str) -> Span | None:
        """Return the place of the value of `key`."""
        return self.positions.value((*self.path, key))

    @property
    def span(self) -> Span | None:
        """The place of the table itself: its header or its key."""
        return self.positions.key(self.path)

    def find(self, *keys: str) -> str | None:
        """Return which of the synonyms `keys` the table has; all count as asked for."""
        self._asked.update(dict.fromkeys(keys))
        present = [key for key in keys if key in self.values]
        if len(present) > 1:
            self.diagnostics.append(
                codes.CONFLICTING_MANIFEST_KEYS.at(
                    self.key_span(present[1]),
                    f"`{present[0]}` and `{present[1]}` mean the same",
                    help=f"remove `{present[1]}`",
                )
            )
        return present[0] if present else None

    def read_string(self, *keys: str) -> str | None:
        """Return the string at the first of `keys` that is there."""
        key = self.find(*keys)
        if key is None:
            return None
        value = self.values[key]
        if isinstance(value, str):
            return value
        self.report_type(key, "a string")
        return None

    def read_flag(self, default: bool, *keys: str) -> bool:
        """Return the boolean at the first of `keys` that is there, else `default`."""
        key = self.find(*keys)
        if key is None:
            return default
        value = self.values[key]
        if isinstance(value, bool):
            return value
        self.report_type(key, "`true` or `false`")
        return default

    def read_number(self, default: float, *keys: str) -> float:
        """Return the number from 0 on at the first of `keys` that is there, else `default`."""
        key = self.find(*keys)
        if key is None:
            return default
        value = self.values[key]
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.report_type(key, "a number")
        elif 0 <= value < math.inf:
            return float(value)
        else:
            self.report(codes.INVALID_MANIFEST_VALUE, key, f"`{key}` cannot be `{value}`")
        return default

    def read_strings(self, key: str) -> tuple[str, ...] | None:
        """Return the array of strings at `key`."""
        if self.find(key) is None:
            return None
        value = self.values[key]
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self.report_type(key, "an array of strings")
        return None

    def read_choice(self, default: Choice, *keys: str) -> Choice:
        """Return the member of the enum of `default` that the string names."""
        value = self.read_string(*keys)
        if value is None:
            return default
        try:
            return type(default)(value)
        except ValueError:
            allowed = [str(member.value) for member in type(default)]
            key = next(key for key in keys if key in self.values)
            near = get_close_matches(value, allowed, 1)
            listed = f"the values are {', '.join(f'`{name}`' for name in allowed)}"
            help = f"did you mean `{near[0]}`?" if near else listed
            self.report(codes.INVALID_MANIFEST_VALUE, key, f"`{key}` cannot be `{value}`", help)
            return default

    def read_table(self, key: str) -> Table | None:
        """Return the table at `key`."""
        if self.find(key) is None:
            return None
        value = self.values[key]
        if isinstance(value, dict):
            return Table(value, (*self.path, key), self.positions, self.diagnostics)
        self.report_type(key, "a table")
        return None

    def read_tables(self, key: str) -> Iterator[Table]:
        """Yield the tables of the array at `key`."""
        if self.find(key) is None:
            return
        value = self.values[key]
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.report_type(key, "an array of tables")
            return
        for index, item in enumerate(value):
            yield Table(item, (*self.path, key, index), self.positions, self.diagnostics)

    def report_type(self, key: str, expected: str) -> None:
        """Report that the value of `key` should be `expected`."""
        found = _describe(self.values[key])
        self.report(codes.WRONG_MANIFEST_TYPE, key, f"`{key}` is {found} and should be {expected}")

    def report(self, code: Code, key: str, message: str, help: str = "") -> None:
        """Report `message` at the value of `key`."""
        self.diagnostics.append(code.at(self.value_span(key), message, help=help))

    def close(self) -> None:
        """Report every key that was never asked for, with the nearest one that was."""
        for key in self.values:
            if key in self._asked:
                continue
            near = get_close_matches(key.lower().replace("_", "-"), list(self._asked), 1)
            known = f"the keys are {', '.join(f'`{name}`' for name in sorted(self._asked))}"
            help = f"did you mean `{near[0]}`?" if near else known
            self.diagnostics.append(
                codes.UNKNOWN_MANIFEST_KEY.at(self.key_span(key), f"unknown key `{key}`", help=help)
            )


def _describe(value: object) -> str:
    match value:
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case int() | float():
            return "a number"
        case list():
            return "an array"
        case dict():
            return "a table"
        case _:
            return "a date or time"
