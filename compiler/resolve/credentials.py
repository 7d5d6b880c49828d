"""Credentials of an index from the environment, by the name that the manifest gives it.

`MOCHIC_INDEX_<NAME>_USERNAME` and `_PASSWORD`, else uv's `UV_INDEX_<NAME>_USERNAME` and
`_PASSWORD`. The name is in upper case, and all but letters and digits in it are `_`; that of the
main index is `DEFAULT`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple, final
from urllib.parse import quote

_PREFIXES: Final = ("MOCHIC_INDEX", "UV_INDEX")
_OTHER: Final = re.compile(r"[^A-Z0-9]", re.ASCII)


@final
class Credentials(NamedTuple):
    """What an index asks for (RFC 7617). Either may be empty; neither is ever shown."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "Credentials(…)"


def variable_name(index: str) -> str:
    """Return the part of the names of the variables that stands for the index called `index`."""
    return _OTHER.sub("_", index.upper())


def find_credentials(environ: Mapping[str, str], index: str) -> Credentials | None:
    """Return what `environ` has for the index called `index`; None where nothing, or it has no name."""
    if "://" in index:
        return None
    for prefix in _PREFIXES:
        stem = f"{prefix}_{variable_name(index)}"
        user, password = environ.get(f"{stem}_USERNAME", ""), environ.get(f"{stem}_PASSWORD", "")
        if user or password:
            return Credentials(user, password)
    return None


def embed_credentials(url: str, found: Credentials | None) -> str:
    """Return `url` with credentials in it, for the environment of uv and nothing else.

    A user that `url` names stays where the environment has only a password.
    """
    if found is None:
        return url
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    info, _, server = place.rpartition("@")
    user = quote(found.user, safe="") or info.partition(":")[0]
    return f"{scheme}://{user}:{quote(found.password, safe='')}@{server}{slash}{path}"
