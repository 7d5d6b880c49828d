"""Which paths `import` takes for each language; those of Python, and of most others, are free."""

from __future__ import annotations

import re

_RUST = re.compile(r"[a-z][a-z0-9_-]{0,63}@[^ \t\n]+")
_GO_SEGMENT = r"[A-Za-z0-9](?:[A-Za-z0-9_~-]|\.(?!\.))*"
_GO = re.compile(rf"(?=[^/@]*\.){_GO_SEGMENT}(?:/{_GO_SEGMENT})*@[^ \t\n\r]+")
_ERLANG = re.compile(r"[a-z][a-z0-9_]{0,127}(?:@.+)?", re.DOTALL)
_MAVEN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}"
_JAVA = re.compile(rf"{_MAVEN}:{_MAVEN}@[^ \t\n]+")


def check_import_path(language: str, path: str, has_alias: bool) -> tuple[str, str] | None:
    """Return the code and the message for a path that `language` does not take."""
    path = path.strip('"')
    match language:
        case "rust" if not _RUST.fullmatch(path):
            return "P066", "a Rust import is written `crate@version`"
        case "go" if "@" in path and not _GO.fullmatch(path):
            return "P067", "a Go import with a version is written `host.name/module@version`"
        case "go" if "@" in path and not has_alias:
            return "P068", "a Go import with a version needs `as`"
        case "erlang" if not _ERLANG.fullmatch(path):
            return "P069", "an Erlang import is the name of a Hex package, with or without a version"
        case "java" if not _JAVA.fullmatch(path):
            return "P070", "a Java import is written `group:artifact@version`"
        case "java" if not has_alias:
            return "P071", "a Java import needs `as`"
        case _:
            return None
