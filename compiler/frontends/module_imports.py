"""Which modules a module may import when it is loaded or used, by its text.

Every import statement counts, wherever it stands and whatever guards it, strings with such lines among them:
for what this is used, a module too many is harmless and one too few is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_STATEMENT: Final = re.compile(
    r"(?:^|[;:])[ \t]*(?:>>>[ \t]*)?"
    r"(?:from[ \t]+(?P<origin>\.*[ \t]*[\w.]*)[ \t]*\bimport\b[ \t]*(?P<names>\([^)]*\)|[^\n;]*)"
    r"|import[ \t]+(?P<modules>[^\n;]*))",
    re.MULTILINE,
)
_COMPUTED: Final = re.compile(r"\b(?:import_module|__import__|lazy_loader|LazyLoader|find_spec)\b")
_SPELLED: Final = re.compile(r"""\b(?:import_module|__import__)\(\s*["']([\w.]+)["']""")
_COMMENT: Final = re.compile(r"#[^\n]*")
_NAME: Final = re.compile(r"[\w.]+|\*")

BELOW: Final = ".*"
"""Ends the name of a package of which any module may be meant."""


def read_imports(text: str, module: str, is_package: bool) -> tuple[str, ...]:
    """Return what the text of `module` may import, as absolute dotted names, sorted.

    `from a import b` gives `a` and `a.b`, either of which may be a module. A name that ends in `.*` stands
    for everything below a package: for a star, and for modules that are named by an expression.
    """
    package = module if is_package else module.rpartition(".")[0]
    found = set(_read_statements(text.replace("\\\n", " "), package))
    if _COMPUTED.search(text):
        found |= {name for name in _SPELLED.findall(text) if not name.startswith(".")}
        found.add(f"{package or module}{BELOW}")
    return tuple(sorted(found - {module}))


def _read_statements(text: str, package: str) -> Iterator[str]:
    for match in _STATEMENT.finditer(text):
        if match["modules"] is not None:
            for part in _COMMENT.sub("", match["modules"]).split(","):
                if name := _NAME.search(part):
                    yield name[0]
            continue
        origin = _absolute(match["origin"].replace(" ", ""), package)
        if not origin:
            continue
        yield origin
        for part in _COMMENT.sub("", match["names"]).strip("() \t").split(","):
            if name := _NAME.search(part):
                yield f"{origin}{BELOW}" if name[0] == "*" else f"{origin}.{name[0]}"


def _absolute(origin: str, package: str) -> str:
    """Return the module behind `from`; empty for one that lies above all packages."""
    name = origin.lstrip(".")
    level = len(origin) - len(name)
    if not level:
        return name
    parts = package.split(".")
    if level > len(parts):
        return ""
    return ".".join(filter(None, [*parts[: len(parts) - level + 1], name]))
