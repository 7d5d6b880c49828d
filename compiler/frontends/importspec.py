"""Read the import spec, the string of `import python "…"`; also what `--package` takes.

    httpx                        any version
    httpx[http2]@>=0.27,<1       extras and a PEP 440 specifier; the `@` may be left out
    httpx@^0.27                  `>=0.27,<0.28`
    pkg@git+https://host/pkg#v1  a repository, at a revision
    pkg@path+../pkg              a folder or file, relative to the manifest
    pkg@index+https://host/pypi  this index and no other

Names and extras come out as PEP 503 writes them, extras sorted.
"""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

from ...ir import codes
from ...ir.diagnostics import Diagnostic
from ...ir.dist import GitSource, IndexRequest, PathSource, RegistryRequest, Requirement, UrlSource
from ...ir.source import Span
from .problem import Problem

# PEP 508 names: letters and digits at both ends; ASCII only.
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


def parse_import_spec(text: str, span: Span | None) -> tuple[Requirement | None, tuple[Diagnostic, ...]]:
    """Return what `text` asks for, or None and why it asks for nothing.

    `span` covers the string in the program with its quotes, None when there is no file.
    Nothing returned repeats credentials that `text` may hold.
    """
    if _NAME.fullmatch(text):
        # A name alone is what nearly every spec is, and the grammar takes time to load.
        return Requirement(str(canonicalize_name(text)), RegistryRequest(), written=text, span=span), ()
    from .importspec_reader import read_import_spec

    return read_import_spec(text, span)


def parse_specifier(text: str, span: Span | None) -> tuple[str | None, tuple[Diagnostic, ...]]:
    """Return the normal form of a specifier alone, as a manifest holds it; empty for `*`."""
    from .importspec_reader import read_specifier

    return read_specifier(text, span)


def parse_name(text: str, of: str = "a distribution") -> str | Problem:
    """Return the PEP 503 form of the name `text`, or why it cannot be the name `of` that."""
    if _NAME.fullmatch(text):
        return str(canonicalize_name(text))
    if "/" in text or "\\" in text:
        help = "for a folder write `name@path+…`, for a repository `name@git+…`"
    else:
        help = "a name has ASCII letters, digits, `.`, `_`, `-`, and a letter or digit at both ends"
    # A URL is not repeated: it may hold a secret.
    shown = "a URL" if "://" in text else f"`{text}`"
    return Problem(codes.INVALID_PACKAGE_NAME, f"{shown} is not the name of {of}", help)


def format_import_spec(requirement: Requirement) -> str:
    """Print `requirement` as an import spec in normal form. `parse_import_spec` is its inverse.

    Raises ValueError for what only a manifest can say: a marker, an editable path, a
    specifier together with an index.
    """
    extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
    head = requirement.name + extras
    if requirement.marker:
        raise ValueError("an import spec has no marker")
    match requirement.source:
        case RegistryRequest(specifier):
            return f"{head}@{specifier}" if specifier else head
        case IndexRequest(url, ""):
            return f"{head}@index+{url}"
        case GitSource(url, rev):
            return f"{head}@git+{url}#{rev}" if rev else f"{head}@git+{url}"
        case PathSource(path, False):
            return f"{head}@path+{path}"
        case IndexRequest() | PathSource() | UrlSource():
            raise ValueError("an import spec cannot say this")
