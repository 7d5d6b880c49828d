"""Calls of httpx that wait, stream, and raise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from support import serve


def calls(w: Any) -> Iterator[tuple[str, Any, None]]:  # noqa: ANN401
    url = serve()
    yield "waiting many times", lambda: waits(w, url, 12), None
    yield "a body of bytes", lambda: w.Response_json(w.post_with(url, {"content": b"abc"}))["body"], None
    yield "a body by parts", lambda: b"".join(w.Response_iter_bytes(w.get(url)))[:9], None
    yield "nobody there", lambda: w.get("http://127.0.0.1:9/"), None
    yield "an option of another type", lambda: w.get_with(url, {"timeout": "soon"}), None
    yield "an argument of another type", lambda: w.get(7), None


def waits(w: Any, url: str, count: int) -> list[object]:  # noqa: ANN401
    """Ask again and again; in process each call has a loop of its own, and so each client."""
    found = []
    for n in range(count):
        client = w.AsyncClient_new()
        found.append(w.Response_json(w.AsyncClient_get_sync(client, f"{url}/{n}"))["path"])
    return found
