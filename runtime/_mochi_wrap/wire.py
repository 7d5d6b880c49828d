r"""Values as JSON: the one form of whatever leaves the process.

Plain values stay what they are: null, booleans, integers of 64 bits, finite floats, strings,
lists, and maps whose keys are strings that do not start with `$`. Everything else is an object
with one key:

    {"$int": "123…"}             an integer outside of 64 bits, in decimal
    {"$float": "nan|inf|-inf"}
    {"$str": "a\\b\ud800"}         a string with lone surrogates; these and `\\` are escaped
    {"$bytes": "base64"}
    {"$tuple": […]}, {"$set": […]}
    {"$map": [[key, value], …]}  every other map
    {"$record": {"name": …, "fields": {…}}}, {"$variant": {"name": …, "fields": {…}}}

Further tags name what stays where it is (`$handle`, `$callback`, `$iter`, `$stream`) or crosses
beside the text (`$shm`); `export` and `readers` of a `Codec` make and read them. The `$` of
a tag is never written as an escape. Every engine gives and takes the same values.
"""

from __future__ import annotations

import binascii
import math
import re
import sys
from collections.abc import Callable, Mapping, Set
from typing import Any, NoReturn, cast

from .failures import type_name
from .scalars import INT64_MAX, INT64_MIN
from .wire_engines import (
    ENGINE_VARIABLE,
    ENGINES,
    MAX_DEPTH,
    SCALARS,
    WireError,
    find_engine,
    has_long_digits,
    load_json,
    survey,
)
from .wire_types import (
    Record,
    is_handle_class,
    is_record_class,
    is_variant_class,
    make_record,
)

__all__ = [
    "ENGINES",
    "ENGINE_VARIABLE",
    "MAX_DEPTH",
    "SIMPLE_BASES",
    "Codec",
    "Reader",
    "WireError",
    "simplify",
]

# --- the codec --------------------------------------------------------------------------

Export = Callable[[Any], "dict[str, Any]"]
Reader = Callable[[Any], Any]


class Codec:
    """Writes and reads values with one engine.

    `export` makes the tagged object of a value that has no form of its own, and of bytes of
    at least `large` bytes; `readers` read tags that the module does not know.
    """

    __slots__ = ("_dumps", "_export", "_large", "_loads", "_readers", "engine")

    def __init__(
        self,
        engine: str | None = None,
        export: Export | None = None,
        readers: Mapping[str, Reader] | None = None,
        large: int = sys.maxsize,
    ) -> None:
        self.engine, self._dumps, self._loads = find_engine(engine)
        self._export = export or _export_nothing
        self._large = large
        self._readers = {**_READERS, **(readers or {})}

    def encode(self, value: Any) -> bytes:
        """Return the encoding of `value`, on one line. Raises `WireError` where it has none."""
        kind = type(value)
        if kind is int and INT64_MIN <= value <= INT64_MAX:
            return b"%d" % value
        if kind is bool:
            return b"true" if value else b"false"
        if value is None:
            return b"null"
        found = survey(value)
        if found is not None:
            try:
                text = self._dumps(value)
            except (ValueError, TypeError, OverflowError, RecursionError):
                pass
            else:
                if self._is_safe(found, text):
                    return text
        return self.dump(self.tag(value))

    def dump(self, tagged: Any) -> bytes:
        """Return the text of a value in which everything is plain or tagged."""
        try:
            return self._dumps(tagged)
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise WireError(f"{self.engine}: {error}") from None

    def _is_safe(self, found: Set[type], text: bytes) -> bool:
        if dict in found and b'"$' in text:
            return False
        if int in found and has_long_digits(text):
            return False
        # Engines write `null` for what is no number.
        return not (float in found and b"null" in text)

    def decode(self, text: bytes) -> Any:
        """Return the value that `text` encodes. Raises `WireError` where it encodes none."""
        value = self.load(text)
        if b'"$' not in text:
            return value
        try:
            return self.untag(value)
        except RecursionError:
            raise WireError("a value is nested too deep") from None

    def load(self, text: bytes) -> Any:
        """Return the JSON value of `text`, tags and all."""
        try:
            if self.engine != "json" and has_long_digits(text):
                # Other engines make floats of integers that are too long for them.
                return load_json(text)
            return self._loads(text)
        except WireError:
            raise
        except (ValueError, RecursionError) as error:
            raise WireError(f"not JSON: {error}") from None

    # --- to tagged values

    def tag(self, value: Any, depth: int = 0) -> Any:
        """Return `value` with everything tagged that is not plain."""
        kind = type(value)
        if kind is str:
            return value if _is_text(value) else {"$str": _escape(value)}
        if value is None or kind is bool:
            return value
        if kind is int:
            return _tag_int(value)
        if kind is float:
            return _tag_float(value)
        if depth >= MAX_DEPTH:
            raise WireError(
                f"a value is nested more than {MAX_DEPTH} deep, or holds itself"
            )
        if kind is list:
            return [self.tag(item, depth + 1) for item in value]
        if kind is dict:
            return self._tag_map(value, depth)
        if kind is tuple:
            return {"$tuple": [self.tag(item, depth + 2) for item in value]}
        if kind is set or kind is frozenset:
            return {"$set": [self.tag(item, depth + 2) for item in value]}
        if kind is bytes or kind is bytearray or kind is memoryview:
            return self._tag_bytes(value)
        if isinstance(value, Record) or is_record_class(kind):
            return self._tag_record(value, depth)
        if (converted := simplify(value)) is not value:
            return self.tag(converted, depth)
        return self._export(value)

    def _tag_map(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        if all(type(key) is str and key[:1] != "$" and _is_text(key) for key in value):
            return {key: self.tag(item, depth + 1) for key, item in value.items()}
        pairs = [
            [self.tag(key, depth + 3), self.tag(item, depth + 3)]
            for key, item in value.items()
        ]
        return {"$map": pairs}

    def _tag_bytes(self, value: bytes | bytearray | memoryview) -> dict[str, Any]:
        size = value.nbytes if isinstance(value, memoryview) else len(value)
        is_array = isinstance(value, memoryview) and (value.format, value.ndim) != (
            "B",
            1,
        )
        if size >= self._large or is_array:
            return self._export(value)
        return {"$bytes": binascii.b2a_base64(value, newline=False).decode("ascii")}

    def _tag_record(self, value: Any, depth: int) -> dict[str, Any]:
        cls = type(value)
        fields = {
            name: self.tag(getattr(value, name), depth + 3)
            for name in getattr(cls, "__match_args__", ())
        }
        tag = "$variant" if is_variant_class(cls) else "$record"
        return {tag: {"name": cls.__name__, "fields": fields}}

    # --- from tagged values

    def untag(self, value: Any, frozen: bool = False) -> Any:
        """Return the value that a tagged one stands for; one that can be hashed if `frozen`."""
        kind = type(value)
        if kind is list:
            items = [self.untag(item, frozen) for item in value]
            return tuple(items) if frozen else items
        if kind is not dict:
            return value
        for key in value:
            if key[:1] == "$":
                return self._untag_object(value, frozen)
        return {key: self.untag(item) for key, item in value.items()}

    def _untag_object(self, value: dict[str, Any], frozen: bool) -> Any:
        if len(value) != 1:
            raise WireError(f"an object with a tag has one key, not {sorted(value)}")
        ((tag, content),) = value.items()
        if tag in _LISTS and type(content) is not list:
            raise WireError(f"malformed {tag}: a list is expected")
        try:
            if tag == "$tuple":
                return tuple([self.untag(item, frozen) for item in content])
            if tag == "$set":
                items = [self.untag(item, True) for item in content]
                return frozenset(items) if frozen else set(items)
            if tag == "$map":
                return {
                    self.untag(key, True): self.untag(item) for key, item in content
                }
            if tag in ("$record", "$variant"):
                fields = content["fields"].items()
                found = {name: self.untag(item, frozen) for name, item in fields}
                return make_record(content["name"], found, tag == "$variant")
            return self._readers[tag](content)
        except WireError:
            raise
        except KeyError as error:
            if error.args == (tag,):
                raise WireError(f"unknown tag {tag}") from None
            raise WireError(f"malformed {tag}: {error}") from None
        except (ValueError, TypeError, AttributeError) as error:
            raise WireError(f"malformed {tag}: {error}") from None


def _export_nothing(value: Any) -> NoReturn:
    raise WireError(f"{type_name(value)} has no encoding")


# --- parts ------------------------------------------------------------------------------


def _is_text(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_ESCAPED = re.compile("[\\\\\ud800-\udfff]")
_ESCAPES = re.compile(r"\\(\\|u([0-9a-f]{4}))")


def _escape(text: str) -> str:
    return _ESCAPED.sub(
        lambda m: r"\\" if m[0] == "\\" else f"\\u{ord(m[0]):04x}", text
    )


def _unescape(text: str) -> str:
    return _ESCAPES.sub(lambda m: chr(int(m[2], 16)) if m[2] else "\\", text)


def _tag_int(value: int) -> Any:
    if INT64_MIN <= value <= INT64_MAX:
        return value
    # `str` refuses integers of thousands of digits, by a limit that a program may have set.
    return {"$int": str(value) if value.bit_length() < 2000 else _decimal(value)}


def _decimal(value: int) -> str:
    """Return the decimal digits of a large integer in pieces that `str` takes."""
    digits: list[str] = []
    rest, base = abs(value), 10**512
    while rest:
        rest, part = divmod(rest, base)
        digits.append(f"{part:0512d}")
    text = "".join(reversed(digits)).lstrip("0")
    return f"-{text}" if value < 0 else text


def _read_int(text: str) -> int:
    sign, digits = (-1, text[1:]) if text[:1] == "-" else (1, text)
    if not (digits.isascii() and digits.isdigit()):
        raise WireError(f"malformed $int: {text[:40]!r}")
    value = 0
    for at in range(0, len(digits), 512):
        part = digits[at : at + 512]
        value = value * 10 ** len(part) + int(part)
    return sign * value


def _tag_float(value: float) -> Any:
    if math.isfinite(value):
        return value
    return {"$float": "nan" if value != value else "inf" if value > 0 else "-inf"}


_FLOATS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_LISTS = {"$tuple", "$set", "$map"}
_READERS: dict[str, Reader] = {
    "$int": _read_int,
    "$float": lambda text: _FLOATS[text],
    "$str": _unescape,
    "$bytes": lambda text: binascii.a2b_base64(text, strict_mode=True),
}

SIMPLE_BASES = (str, int, float, dict, list, tuple, set, frozenset, bytes, bytearray)


def simplify(value: Any) -> Any:
    """Return the plain form of a value that is one in another class, else the value itself.

    Members of enums and classes that a wrapper binds as handles keep what they are.
    """
    cls = type(value)
    if isinstance(value, SIMPLE_BASES):
        if is_handle_class(cls):
            return value
        base = next(each for each in SIMPLE_BASES if issubclass(cls, each))
        if base is str:
            return str.__str__(value)
        make = cast(Any, base)
        return make.__pos__(value) if base in (int, float) else make(value)
    interface = getattr(value, "__array_interface__", None)
    if isinstance(interface, dict) and interface.get("shape") == ():
        item = getattr(value, "item", None)
        found = item() if callable(item) else value
        return found if type(found) in SCALARS else value
    return value
