"""Calls of tomli with callbacks, and with large and wrong texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

LARGE = "\n".join(f"[t{n}]\na = {n}\nb = [{n}, 'x']" for n in range(2000))


def calls(w: Any) -> Iterator[tuple[str, Any, None]]:  # noqa: ANN401
    yield "a large document", lambda: len(w.loads(LARGE)), None
    yield "a callback for every number", lambda: w.loads_with("x = [0.5, 1.5]", {"parse_float": double}), None
    yield "a callback that raises", lambda: w.loads_with("x = 0.5", {"parse_float": int}), None
    yield "a callback that calls back", lambda: w.loads_with("x = 0.5", {"parse_float": nested(w)}), None
    yield "a wrong line", lambda: w.loads("a = 1\nb ="), None
    yield "no text", lambda: w.loads(None), None


def double(text: str) -> float:
    """Return twice the number."""
    return 2 * float(text)


def nested(w: Any) -> Any:  # noqa: ANN401
    """Return a function that calls the package while the package calls it."""
    return lambda text: w.loads(f"y = '{text}'")["y"]
