"""Where the file of a pin is: a lock names index and file, and the index page has the URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ...ir.dist import AbiTagPolicy, IndexSource, Pin, Target
from ..cache import Cache
from ..host import Host
from .candidates import find_version
from .index import IndexClient
from .pages import FileRow
from .tags import wheel_tags


@final
class Locator:
    """Looks files up on the pages of `main`, the main index, and of others by the names locks give them.

    `indexes` are URLs by name; an index whose name is a URL needs no entry. Safe to share
    between threads.
    """

    def __init__(
        self,
        host: Host,
        cache: Cache,
        main: IndexClient,
        target: Target,
        *,
        indexes: Mapping[str, str] | None = None,
        offline: bool = False,
        policy: AbiTagPolicy = AbiTagPolicy.LEGACY,
    ) -> None:
        self._host = host
        self._cache = cache
        self._main = main
        self._target = target
        self._policy = policy
        self._indexes = dict(indexes or {})
        self._offline = offline

    def find_row(self, pin: Pin) -> FileRow | None:
        """Return what the index says of the file of `pin`, or None where it has no such file.

        Raises `DiagnosticError` where the index gives no answer or is not known.
        """
        page = self._client(pin).page(pin.name, self._target)
        rows = (*page.wheels, *page.sdists) if page is not None else ()
        return next((row for row in rows if row.filename == pin.file.filename), None)

    def find_url(self, pin: Pin) -> str:
        """Return where the file of `pin` can be fetched; raises `DiagnosticError` (PY451) if nowhere."""
        return self.get_row(pin).url

    def get_row(self, pin: Pin) -> FileRow:
        """Return what the index says of the file of `pin`; raises `DiagnosticError` (PY451) if nothing."""
        row = self.find_row(pin)
        if row is None:
            message = f"the index has no file `{pin.file.filename}` of `{pin.name}`"
            help = f"run `mochic-py pkg lock --upgrade {pin.name}`, or name an index that has it"
            raise DiagnosticError(codes.FILE_GONE.at(None, message, help=help))
        return row

    def newest_version(self, pin: Pin) -> str:
        """Return the newest final version of `pin` with a wheel for the target; its own where none has."""
        page = self._client(pin).page(pin.name, self._target)
        tags = wheel_tags(self._target, self._policy)
        rows = [row for row in page.wheels if row.yanked is None] if page else []
        versions = [find_version(row.version) for row in rows if tags.rank(row.tag) is not None]
        return str(max((v for v in versions if v and not v.is_prerelease), default=pin.version))

    def _client(self, pin: Pin) -> IndexClient:
        source = pin.file.source
        name = source.index if isinstance(source, IndexSource) else self._main.name
        if name == self._main.name:
            return self._main
        url = self._indexes.get(name, name if "://" in name else "")
        if not url:
            message = f"`{pin.name}` is locked from the index `{name}`, which mochi.toml does not name"
            help = "name it with its URL in `[[python.indexes]]`"
            raise DiagnosticError(codes.FILE_GONE.at(None, message, help=help))
        return IndexClient(self._host, self._cache, url, name=name, offline=self._offline)
