"""The types that a docstring tells, in the three customary forms.

    Parameters                   Args:                          :param int x: How many.
    ----------                       x (int): How many.         :type y: str or None
    x : int, default=0           Returns:                       :rtype: list of str
        How many.                    list of str: The names.

Numpydoc, the Google style, and Sphinx fields. A text in place of a type counts only where every word
of it is known; the rest is prose, and says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import final

from attrs import Factory, define

from ...ir.types import (
    ANY,
    BOOL,
    BYTES,
    FLOAT,
    INT,
    NONE,
    STRING,
    BridgeType,
    FunOf,
    ListOf,
    MapOf,
    SetOf,
    UnionOf,
    Unsupported,
)

FindName = Callable[[str], "BridgeType | None"]
"""Gives the class that a dotted name means where the docstring stands."""


@final
@define
class DocTypes:
    """Texts in place of types: of parameters, of attributes, of the result."""

    params: dict[str, str] = Factory(dict)
    attributes: dict[str, str] = Factory(dict)
    result: str = ""


_NUMPY_HEAD = re.compile(r"^([ \t]*)(\w[\w ]*?)[ \t]*\n\1-{3,}[ \t]*$", re.MULTILINE)
_GOOGLE_HEAD = re.compile(
    r"^([ \t]*)(Args|Arguments|Parameters|Params|Keyword Args|Keyword Arguments|Other Parameters|"
    r"Attributes|Returns|Return|Yields|Raises|Note|Notes|Example|Examples|See Also|References|Todo|Warning|"
    r"Warnings):[ \t]*$",
    re.MULTILINE,
)
_FIELD = re.compile(
    r"^[ \t]*:(param|parameter|arg|argument|key|keyword|type|rtype|vartype)\b[ \t]*([^:\n]*):(.*)$",
    re.MULTILINE,
)
_NUMPY_ENTRY = re.compile(r"^(\*{0,2}\w+(?:[ \t]*,[ \t]*\*{0,2}\w+)*)[ \t]*:[ \t]*(\S.*)$")
_GOOGLE_ENTRY = re.compile(r"^(\*{0,2}\w+)[ \t]*\(([^()]*(?:\([^()]*\)[^()]*)*)\)[ \t]*:")
_PARAM_SECTIONS = frozenset(
    ("parameters", "other parameters", "args", "arguments", "params", "keyword args", "keyword arguments")
)


def read_docstring(text: str) -> DocTypes:
    """Return the texts in place of types in the docstring `text`."""
    found = DocTypes()
    for title, lines in _numpy_sections(text):
        _read_numpy(title, lines, found)
    for title, lines in _google_sections(text):
        _read_google(title, lines, found)
    for match in _FIELD.finditer(text):
        _read_field(match[1], match[2].strip(), match[3].strip(), found)
    return found


def may_hold_types(text: str) -> bool:
    """Return whether `text` looks like holding sections or fields at all."""
    return "---" in text or ":param" in text or ":type" in text or ":rtype" in text or "s:" in text


# --- sections ------------------------------------------------------------------------------


def _numpy_sections(text: str) -> Iterator[tuple[str, list[str]]]:
    heads = list(_NUMPY_HEAD.finditer(text))
    for head, following in zip_longest(heads, heads[1:]):
        assert head is not None, "the shorter list is the second"
        end = following.start() if following else len(text)
        yield head[2].lower(), _dedent(text[head.end() : end], head[1])


def _dedent(body: str, indent: str) -> list[str]:
    """Return the lines of a section without its indent; a line that stands further left ends it."""
    lines: list[str] = []
    for line in body.split("\n")[1:]:
        if line.strip() and not line.startswith(indent):
            break
        lines.append(line[len(indent) :].rstrip())
    return lines


def _read_numpy(title: str, lines: list[str], found: DocTypes) -> None:
    entries = [line for line in lines if line and not line[0].isspace()]
    if title in _PARAM_SECTIONS or title == "attributes":
        into = found.attributes if title == "attributes" else found.params
        for entry in entries:
            match = _NUMPY_ENTRY.match(entry)
            for name in match[1].split(",") if match else ():
                into.setdefault(name.strip().lstrip("*"), match[2] if match else "")
    elif title == "returns" and len(entries) == 1:
        match = _NUMPY_ENTRY.match(entries[0])
        found.result = found.result or (match[2] if match else entries[0])


def _google_sections(text: str) -> Iterator[tuple[str, list[str]]]:
    for head in _GOOGLE_HEAD.finditer(text):
        lines: list[str] = []
        indent = ""
        for line in text[head.end() :].split("\n")[1:]:
            if not line.strip():
                continue
            own = line[: len(line) - len(line.lstrip())]
            indent = indent or own
            if len(own) < len(indent) or len(own) <= len(head[1]):
                break
            lines.append(line[len(indent) :].rstrip())
        yield head[2].lower(), lines


def _read_google(title: str, lines: list[str], found: DocTypes) -> None:
    entries = [line for line in lines if not line[0].isspace()]
    if title in _PARAM_SECTIONS or title == "attributes":
        into = found.attributes if title == "attributes" else found.params
        for entry in entries:
            match = _GOOGLE_ENTRY.match(entry)
            if match:
                into.setdefault(match[1].lstrip("*"), match[2])
    elif title in ("returns", "return") and entries:
        ty, colon, _ = entries[0].partition(": ")
        if colon or entries[0].endswith(":"):
            found.result = found.result or ty.rstrip(":")


def _read_field(kind: str, name: str, text: str, found: DocTypes) -> None:
    if kind == "rtype":
        found.result = found.result or text
    elif kind == "type":
        found.params.setdefault(name.lstrip("*"), text)
    elif kind == "vartype":
        found.attributes.setdefault(name, text)
    elif " " in name:
        ty, _, last = name.rpartition(" ")
        found.params.setdefault(last.lstrip("*"), ty)


# --- types ---------------------------------------------------------------------------------

_WORDS: dict[str, BridgeType] = {
    "bool": BOOL,
    "boolean": BOOL,
    "booleans": BOOL,
    "bools": BOOL,
    "bytes": BYTES,
    "float": FLOAT,
    "floats": FLOAT,
    "int": INT,
    "integer": INT,
    "integers": INT,
    "ints": INT,
    "none": NONE,
    "str": STRING,
    "string": STRING,
    "strings": STRING,
    "strs": STRING,
    "true": BOOL,
    "false": BOOL,
    "list": ListOf(ANY),
    "set": SetOf(ANY),
    "dict": MapOf(ANY, ANY),
    "dictionary": MapOf(ANY, ANY),
    "callable": FunOf(None, ANY),
    "function": FunOf(None, ANY),
}
_ROLE = re.compile(r":[\w:]+:`~?\.?([\w.]+)`|``([^`]*)``|`~?\.?([\w.]+)`_?")
_TRAILER = re.compile(
    r"[,;]?[ \t]*(?:\(?optional\)?|\(?defaults?\b.*|\(?keyword[- ]only\)?|required)[ \t.]*$",
    re.IGNORECASE,
)
_CHOICES = re.compile(r"(?:one of[ \t]*)?[{(\[]([^{}()\[\]]*)[})\]]")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
_OF = re.compile(r"(list|sequence|iterable|set|tuple)s?(?: of |\[)([\w. ]+?)\]?$", re.IGNORECASE)
_DICT = re.compile(r"dict(?:ionary)?(?:\[| of | mapping )(\w+)(?:,| to |:)[ \t]*(.+?)\]?$", re.IGNORECASE)
_SPLIT = re.compile(r"[ \t]*(?:,[ \t]*or\b|\bor\b|\||,|/)[ \t]*")
_ARTICLE = re.compile(r"^(?:an?|the|non-?negative|positive|any)[ \t]+", re.IGNORECASE)
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_LONGEST = 120


def read_doc_type(text: str, find: FindName) -> BridgeType | None:
    """Return the type that `text` of a docstring means, or None where a part of it is not known."""
    text = _ROLE.sub(lambda match: match[1] or match[2] or match[3] or "", text).strip().rstrip(".").strip()
    if not text or len(text) > _LONGEST:
        return None
    has_none = False
    for _ in range(3):
        has_none |= bool(re.search(r"\bdefaults?\b[^,]*\bNone\b", text))
        text = _TRAILER.sub("", text).strip()
    members = _read_members(text, find)
    if members is None or all(member is NONE for member in members):
        return None
    if has_none:
        members.append(NONE)
    distinct = list(dict.fromkeys(members))
    return distinct[0] if len(distinct) == 1 else UnionOf(tuple(distinct))


def _read_members(text: str, find: FindName) -> list[BridgeType] | None:
    optional = re.fullmatch(r"Optional\[(.*)\]", text)
    if optional:
        inner = _read_members(optional[1], find)
        return None if inner is None else [*inner, NONE]
    members: list[BridgeType] = []
    choices = _CHOICES.search(text)
    if choices and (choices.start() == 0 or text[choices.start() - 1] in " ,|"):
        chosen = _read_choices(choices[1])
        if chosen is None:
            return None
        members += chosen
        text = (text[: choices.start()] + text[choices.end() :]).strip(" ,|")
        text = re.sub(r"^or\b|\bor$", "", text).strip(" ,")
    container = _read_container(text, find) if text else None
    if container is not None:
        return [*members, container]
    for part in _SPLIT.split(text) if text else ():
        found = _read_one(part.strip(), find)
        if found is None:
            return None
        members.append(found)
    return members or None


def _read_choices(text: str) -> list[BridgeType] | None:
    """Return the types of `'a', 'b', None`: what a parameter may be is seldom listed to the end."""
    types: list[BridgeType] = []
    for part in text.split(","):
        word = part.strip()
        if _QUOTED.fullmatch(word):
            types.append(STRING)
        elif word in ("True", "False", "None"):
            types.append(NONE if word == "None" else BOOL)
        elif _NUMBER.fullmatch(word):
            types.append(FLOAT if "." in word else INT)
        else:
            return None
    return types


def _read_one(text: str, find: FindName) -> BridgeType | None:
    text = _ARTICLE.sub("", text)
    container = _read_container(text, find)
    if container is not None:
        return container
    if _QUOTED.fullmatch(text):
        return STRING
    known = _WORDS.get(text if text in ("List", "Set") else text.lower() if text[:1].islower() else text)
    if text in ("None", "True", "False"):
        known = _WORDS[text.lower()]
    if known is not None:
        return known
    return find(text) if _DOTTED.fullmatch(text) else None


def _read_container(text: str, find: FindName) -> BridgeType | None:
    mapping = _DICT.fullmatch(text)
    if mapping:
        key, value = _read_one(mapping[1], find), _read_one(mapping[2].strip(), find)
        return MapOf(key or ANY, value or ANY)
    match = _OF.fullmatch(text)
    if match is None:
        return None
    element = _read_one(match[2].strip(), find) or _read_one(match[2].strip().rstrip("s"), find)
    if element is None or isinstance(element, Unsupported):
        return None
    return SetOf(element) if match[1].lower() == "set" else ListOf(element)
