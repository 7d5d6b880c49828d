"""Whole compilations remembered: same inputs and a fresh index, same outputs.

A memo is a line of JSON with the report, the table, the rendered diagnostics and the sizes
of all files; their bytes stand behind it as they are. It is found by a digest over all that
was asked, so a warm compile reads one cache entry and loads no compiler. Standard library
only, to stay that cheap.
"""

from __future__ import annotations

import json
from typing import Any, Final, TypedDict, cast

from .cache import PAGE_TTL, Cache

KIND: Final = "compile"


class Memo(TypedDict):
    """What a finished compilation leaves for the next equal one.

    `lasts` tells whether it may answer the next one: all that went in is in the key or comes from an
    index. `human` holds the diagnostics as text, `plain` and with `color`; `files` the content of
    every file by its path below the output folder.
    """

    ok: bool
    lasts: bool
    report: dict[str, Any]
    table: str
    human: dict[str, str]
    files: dict[str, bytes]


def memo_key(asked: dict[str, Any]) -> str:
    """Return the cache key of a request in plain JSON values."""
    return json.dumps(asked, sort_keys=True, separators=(",", ":"))


def load_memo(cache: Cache, key: str, offline: bool) -> Memo | None:
    """Return the memo of `key` while the index's answer is current; of any age when `offline`."""
    raw = cache.get(KIND, key, None if offline else PAGE_TTL)
    return None if raw is None else _read(raw)


def save_memo(cache: Cache, key: str, memo: Memo) -> None:
    """Keep `memo` for the next equal request."""
    sizes = {path: len(content) for path, content in memo["files"].items()}
    head = json.dumps({**memo, "files": sizes}).encode("ascii")
    cache.put(KIND, key, b"".join([head, b"\n", *memo["files"].values()]))


def _read(raw: bytes) -> Memo:
    start = raw.index(b"\n") + 1
    head = json.loads(raw[:start])
    files: dict[str, bytes] = {}
    for path, size in head["files"].items():
        files[path] = raw[start : start + size]
        start += size
    return cast(Memo, {**head, "files": files})
