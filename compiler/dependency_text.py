"""Reading PEP 508 dependencies and markers from any thread.

`packaging` reads the strings of a marker with `ast.literal_eval`. Up to CPython 3.11.7 the depth
counter of the AST constructor is shared by all threads, and two that parse at once may end in a
`SystemError` (python/cpython#106905). So one text is read at a time.
"""

from __future__ import annotations

import threading
from typing import Final

from packaging.markers import Marker
from packaging.requirements import Requirement

_LOCK: Final = threading.Lock()


def parse_dependency(text: str) -> Requirement:
    """Return the dependency that `text` spells.

    Raises `packaging.requirements.InvalidRequirement`, and `RecursionError` for absurd nesting.
    """
    with _LOCK:
        return Requirement(text)


def parse_marker(text: str) -> Marker:
    """Return the environment marker that `text` spells.

    Raises `packaging.markers.InvalidMarker`, and `RecursionError` for absurd nesting.
    """
    with _LOCK:
        return Marker(text)
