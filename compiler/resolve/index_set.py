"""Several indexes and the one that each name belongs to, so that no name leaks or is taken from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import final

from ...ir.dist import Target
from ..cache import Cache
from ..host import Host
from ..settings import Index, IndexPriority
from .index import IndexClient
from .pages import Page


@final
class IndexSet:
    """The indexes of a resolution, by priority. Safe to share between threads.

    `main` comes after the primary ones and before the supplemental ones. A name that `bound`
    gives an index is asked of that index only; any other name is asked of one index after
    the other, and belongs to the first that knows it, even if nothing there is usable.
    Explicit indexes are only reached through `bound`.
    """

    def __init__(
        self, main: IndexClient, others: Iterable[tuple[Index, IndexClient]], bound: Mapping[str, IndexClient]
    ) -> None:
        clients = list(others)
        first = [client for index, client in clients if index.priority is IndexPriority.PRIMARY]
        last = [client for index, client in clients if index.priority is IndexPriority.SUPPLEMENTAL]
        self._ordered = tuple({client.url: client for client in (*first, main, *last)}.values())
        self._bound = bound

    def page(self, name: str, target: Target) -> tuple[IndexClient, Page] | None:
        """Return the index that has the normalised `name`, and its page; None where none has it."""
        bound = self._bound.get(name)
        for client in (bound,) if bound is not None else self._ordered:
            page = client.page(name, target)
            if page is not None:
                return client, page
        return None


def open_index(host: Host, cache: Cache, index: Index, *, offline: bool, refresh: bool) -> IndexClient:
    """Return the client of a declared index; one without a name of its own is known by its URL."""
    name = index.name if index.name != index.url else show_url(index.url)
    return IndexClient(host, cache, index.url, name=name, offline=offline, refresh=refresh)


def show_url(url: str) -> str:
    """Return `url` without credentials, as it may be written."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}".rstrip("/")
