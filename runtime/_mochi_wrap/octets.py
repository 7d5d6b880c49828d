"""What Mochi does with bytes, which it has no type for."""

from __future__ import annotations

from collections.abc import Iterable

from .containers import list_of
from .failures import ConversionError, inside, shown
from .scalars import as_bytes, as_int, as_string

_as_numbers = list_of(as_int, "list<int>")


def bytes_from_string(text: str) -> bytes:
    """Return `text` in UTF-8."""
    return as_string(text, "bytes_from_string: parameter text").encode("utf-8")


def bytes_to_string(data: bytes) -> str:
    """Return the text that `data` holds in UTF-8; raise UnicodeDecodeError where it does not."""
    return as_bytes(data, "bytes_to_string: parameter data").decode("utf-8")


def bytes_len(data: bytes) -> int:
    """Return the number of bytes."""
    return len(as_bytes(data, "bytes_len: parameter data"))


def bytes_from_list(values: Iterable[int]) -> bytes:
    """Return the bytes with these values from 0 to 255."""
    where = "bytes_from_list: parameter values"
    numbers = _as_numbers(values, where)
    try:
        return bytes(numbers)
    except ValueError:
        index = next(i for i, number in enumerate(numbers) if not 0 <= number <= 255)
        error = ConversionError(where, "an int from 0 to 255", shown(numbers[index]))
        inside(error, where, f"[{index}]")
        raise error from None


def bytes_to_list(data: bytes) -> list[int]:
    """Return the values of the bytes."""
    return list(as_bytes(data, "bytes_to_list: parameter data"))
