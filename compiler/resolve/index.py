"""A client of one simple index: pages, from the cache while they are fresh."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, final

from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ...ir.dist import AbiTagPolicy, Target
from ..cache import PAGE, PAGE_TTL, Cache
from ..host import Host
from .credentials import embed_credentials, find_credentials, variable_name
from .pages import ACCEPT, Page, PageError, decode_page, parse_page
from .tags import TagSet, wheel_tags

if TYPE_CHECKING:
    from ..http import Reply

DEFAULT_INDEX: Final = "https://pypi.org/simple"
DEFAULT_INDEX_NAME: Final = "default"
"""The name that locks give to the main index, wherever it is: a mirror serves the same files."""

_FORMAT: Final = "1"


def default_index_url(environ: Mapping[str, str], asked: str = "") -> str:
    """Return the URL of the main index: `asked`, else `$MOCHIC_INDEX_URL`, else the default one."""
    return asked or environ.get("MOCHIC_INDEX_URL", "") or DEFAULT_INDEX


def uv_index_url(environ: Mapping[str, str], url: str) -> str:
    """Return the URL of the main index with its credentials, for the environment of uv and nothing else."""
    return embed_credentials(url, find_credentials(environ, DEFAULT_INDEX_NAME))


@final
class IndexClient:
    """The index at `url`, known as `name` in locks. Safe to share between threads.

    `offline` answers from the cache whatever its age and never uses the network;
    `refresh` ignores cached pages. Credentials, in the URL or in the environment under the name of
    the index, are kept by the HTTP client and appear neither in `url` nor in anything written.
    """

    def __init__(
        self,
        host: Host,
        cache: Cache,
        url: str,
        *,
        name: str = DEFAULT_INDEX_NAME,
        offline: bool = False,
        refresh: bool = False,
    ) -> None:
        self.url = _without_credentials(host, url).rstrip("/")
        self.name = name
        self._host = host
        self._cache = cache
        self._offline = offline
        self._refresh = refresh
        found = find_credentials(host.environ, name)
        if found is not None and not offline:
            host.http.register(embed_credentials(url, found), whole=False)

    def page(self, name: str, target: Target) -> Page | None:
        """Return the files of the normalised `name` that `target` can use, or None if there is no such name.

        They are those of every `AbiTagPolicy`, so that one page serves all of them.

        Raises `DiagnosticError`: no answer (PY420), offline and not cached (PY421), an unreadable
        page (PY423).
        """
        key = "\n".join((_FORMAT, self.url, name, str(target)))
        if not self._refresh or self._offline:
            cached = self._cache.get(PAGE, key, None if self._offline else PAGE_TTL)
            if cached is not None:
                return decode_page(cached) if cached else None
        if self._offline:
            message = f"the index page of `{name}` is not in the cache, and the network is off"
            raise DiagnosticError(codes.OFFLINE.at(None, message, help="run once without `--offline`"))
        reply = self._host.get(f"{self.url}/{name}/", {"Accept": ACCEPT})
        if reply.status in (404, 410):
            # Stubs are looked for under several names, so that most answers are this one.
            self._cache.put(PAGE, key, b"")
            return None
        if reply.status != 200:
            raise _refused(reply, name, self.name)
        content_type = reply.headers.get("content-type", "")
        try:
            page = parse_page(reply.body, content_type, reply.url, name, _tags(target))
        except PageError as error:
            message = f"the index page of `{name}` at `{self.url}` cannot be read: {error}"
            raise DiagnosticError(codes.INVALID_INDEX_PAGE.at(None, message)) from None
        self._cache.put(PAGE, key, page.encode())
        return page


def _tags(target: Target) -> TagSet:
    return wheel_tags(target, AbiTagPolicy.BOTH)


def _without_credentials(host: Host, url: str) -> str:
    return host.http.register(url) if "@" in url else url


def _refused(reply: Reply, name: str, index: str) -> DiagnosticError:
    message = f"the index answers {reply.status} for `{name}` at `{reply.url}`"
    help = "try again later, or name another index in MOCHIC_INDEX_URL"
    if reply.status in (401, 403):
        help = "the index asks for credentials: put them into the URL"
        if "://" not in index:
            stem = f"MOCHIC_INDEX_{variable_name(index)}"
            help = f"the index asks for credentials: put them into {stem}_USERNAME and {stem}_PASSWORD"
    return DiagnosticError(codes.NETWORK.at(None, message, help=help))
