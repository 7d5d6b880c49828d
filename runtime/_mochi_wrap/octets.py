"""What Mochi does with bytes, which it has no type for."""

from __future__ import annotations

from collections.abc import Iterable

from .failures import ConversionError
from .scalars import as_bytes, as_int, as_string


def bytes_from_string(text: str) -> bytes:
    """Return `text` in UTF-8."""
    return as_string(text, "bytes_from_string").encode("utf-8")


def bytes_to_string(data: bytes) -> str:
    """Return the text that `data` holds in UTF-8; raise UnicodeDecodeError where it does not."""
    return as_bytes(data, "bytes_to_string").decode("utf-8")


def bytes_len(data: bytes) -> int:
    """Return the number of bytes."""
    return len(as_bytes(data, "bytes_len"))


def bytes_from_list(values: Iterable[int]) -> bytes:
    """Return the bytes with these values from 0 to 255."""
    try:
        return bytes([as_int(value, "bytes_from_list") for value in values])
    except ValueError:
        raise ConversionError(
            "bytes_from_list", "values from 0 to 255", "a value outside"
        ) from None


def bytes_to_list(data: bytes) -> list[int]:
    """Return the values of the bytes."""
    return list(as_bytes(data, "bytes_to_list"))
