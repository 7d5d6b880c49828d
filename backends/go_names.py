"""Names in Go: exported ones from names of Mochi, and those of parameters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .names import Names

# Keywords, names of types and values that bodies use, and the packages that files import.
_KEYWORDS = (
    "break case chan const continue default defer else fallthrough for func go goto if import interface map"
    " package range return select struct switch type var"
)
_RESERVED = frozenset(
    f"{_KEYWORDS} any big bool byte call error false float64 int64 mochipy nil string true c err".split()
)
_FOLDERS = frozenset({"init", "internal", "main", "mochi_host", "mochipy", "testdata", "vendor"})


def exported_names(types: Iterable[str], functions: Iterable[str]) -> dict[str, str]:
    """Return the Go name of each Mochi name of a package.

    A type has its name in camel case. So has a function, unless another name has the same: then its
    Mochi name follows. Either depends on names that are alike only.
    """
    types, functions = list(types), list(functions)
    counts = Counter(map(camel, functions)) + Counter({camel(name): 2 for name in types})
    found = {name: camel(name) for name in types}
    clashing = {name for name, count in Counter(found.values()).items() if count > 1}
    found = {name: f"{go}_{name}" if go in clashing else go for name, go in found.items()}
    for name in functions:
        go = camel(name)
        found[name] = go if counts[go] == 1 else f"{go}_{name}"
    return found


def camel(name: str) -> str:
    """Return `name` with its words joined, each with a capital, so that Go exports it."""
    joined = "".join(word[:1].upper() + word[1:] for word in name.split("_"))
    return joined if joined[:1].isalpha() else f"X{joined}"


def local_names(names: Iterable[str]) -> list[str]:
    """Return names for parameters: camel case without a capital, none of them reserved."""
    taken = Names(_RESERVED)
    return [taken.fresh(_lower(name)) for name in names]


def field_names(names: Iterable[str]) -> list[str]:
    """Return names for the fields of a struct, which also has methods."""
    taken = Names({"WriteMochi"})
    return [taken.fresh(camel(name)) for name in names]


def package_name(alias: str) -> str:
    """Return the name of the Go package, and of its folder, for an alias."""
    special = alias in _RESERVED or alias in _FOLDERS or alias.startswith("_")
    return f"py_{alias.lstrip('_')}" if special else alias


def _lower(name: str) -> str:
    """Return `name` in camel case with its first word in small letters: `TOML_text` is `tomlText`."""
    first, _, rest = name.lstrip("_").partition("_")
    capitals = len(first) - len(first.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    if 1 < capitals < len(first):
        capitals -= 1
    joined = f"{first[:capitals].lower()}{first[capitals:]}{camel(rest) if rest.strip('_') else ''}"
    return joined if joined[:1].isalpha() else f"x{joined}"
