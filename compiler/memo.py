"""Whole compilations remembered: same inputs and a fresh index, same outputs.

A memo is JSON: the report, the table, the rendered diagnostics and every file. It is
found by a digest over the tool and all that was asked, so a warm compile reads one
cache entry and loads no compiler. Standard library only, to stay that cheap.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Protocol, TypedDict, cast

from .. import __version__

KIND = "compile"
# How long an answer of the index is taken as current, in seconds.
FRESH_SECONDS = 600.0


class Memo(TypedDict):
    """What a finished compilation leaves for the next equal one. `created` is epoch seconds."""

    created: float
    ok: bool
    report: dict[str, Any]
    table: str
    human: dict[str, str]
    files: dict[str, str]


class Store(Protocol):
    """The part of the cache that memos need."""

    def get(self, kind: str, key: str) -> bytes | None:
        """Return the entry or None."""
        ...

    def put(self, kind: str, key: str, value: bytes) -> None:
        """Keep the entry."""
        ...


def memo_key(tool: str, asked: dict[str, Any]) -> str:
    """Return the digest of everything that a compilation's output depends on but the index."""
    text = json.dumps([__version__, tool, asked], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def load_memo(store: Store, key: str, now: float, offline: bool) -> Memo | None:
    """Return the memo of `key` while it is fresh; of any age when `offline`."""
    raw = store.get(KIND, key)
    if raw is None:
        return None
    try:
        memo = cast(Memo, json.loads(raw))
        fresh = offline or 0 <= now - memo["created"] < FRESH_SECONDS
    except (ValueError, KeyError, TypeError):
        return None
    return memo if fresh else None


def save_memo(store: Store, key: str, memo: Memo) -> None:
    """Keep `memo` for the next equal request."""
    store.put(KIND, key, json.dumps(memo, ensure_ascii=False).encode("utf-8", "surrogatepass"))
