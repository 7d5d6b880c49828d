"""Pages of a simple index: the files of one distribution, reduced to those a target can use.

Pages are large (megabytes, thousands of files), so a file is judged by its name before
anything else about it is read. Sources: PEP 503, 592, 629, 658, 691, 700, 714; PyPA
"Simple repository API".
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any, Final, NamedTuple, final
from urllib.parse import unquote, urljoin

from packaging.utils import canonicalize_name

from .tags import TagSet

ACCEPT: Final = (
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
)
_JSON: Final = "application/vnd.pypi.simple.v1+json"
_ANCHOR: Final = re.compile(r'<a\s+href="([^"#]+)(?:#([^"]*))?"((?:[^>"]|"[^"]*")*)>')
_ATTRIBUTE: Final = re.compile(r'([\w-]+)(?:\s*=\s*"([^"]*)")?')
_BASE: Final = re.compile(r'<base\s+href="([^"]+)"', re.IGNORECASE)
_API_VERSION: Final = re.compile(r'name="pypi:repository-version"\s+content="(\d+)\.')
_SHA256: Final = re.compile(r"sha256=([0-9a-fA-F]{64})")
_SDIST_ENDINGS: Final = (".tar.gz", ".zip")


class PageError(ValueError):
    """A page that does not follow the specification; the message says what is wrong."""


class FileRow(NamedTuple):
    """One file of an index.

    `tag` is empty for an sdist; `metadata` is how `.metadata` is advertised: its SHA-256,
    `"true"` without one, or empty.
    """

    filename: str
    url: str
    version: str
    tag: str
    sha256: str
    requires_python: str
    yanked: str | None
    size: int | None
    upload_time: str
    metadata: str


@final
class Page(NamedTuple):
    """The usable wheels and the sdists of a distribution, and what was left out.

    `unusable` are the versions that have wheels, but none for the target. `advertises`
    tells whether the index says which files have a `.metadata` beside them.
    """

    wheels: tuple[FileRow, ...]
    sdists: tuple[FileRow, ...]
    unusable: tuple[str, ...]
    advertises: bool

    def encode(self) -> bytes:
        """Return the page as compact JSON; `decode_page` is the inverse."""
        return json.dumps(self, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def decode_page(content: bytes) -> Page:
    """Return the page that `Page.encode` wrote."""
    wheels, sdists, unusable, advertises = json.loads(content)
    return Page(
        tuple(FileRow(*row) for row in wheels),
        tuple(FileRow(*row) for row in sdists),
        tuple(unusable),
        advertises,
    )


def parse_page(body: bytes, content_type: str, url: str, name: str, tags: TagSet) -> Page:
    """Read a page of either format.

    `url` is where the page came from, `name` the normalised distribution it is about. Files
    that are neither wheel nor sdist, belong to another name, have no valid version, or have
    no digest but a broken one (MD5, SHA-1) are left out. Raises `PageError`.
    """
    builder = _Builder(name, tags)
    if content_type.partition(";")[0].strip().lower() == _JSON:
        _read_json(body, url, builder)
    elif not _read_html(text := body.decode("utf-8", "replace"), url, builder):
        builder = _Builder(name, tags)
        _read_unusual_html(text, url, builder)
    return builder.build()


@final
class _Builder:
    """Collects the files of one page."""

    def __init__(self, name: str, tags: TagSet) -> None:
        self._name = name
        self._tags = tags
        self._wheels: list[FileRow] = []
        self._sdists: list[FileRow] = []
        self._unusable: set[str] = set()
        self.advertises = False

    def judge(self, filename: str) -> tuple[str, str] | None:
        """Return version and tag of a file worth keeping (the tag is empty for an sdist)."""
        if filename.endswith(".whl"):
            stem, *tag = filename[:-4].rsplit("-", 3)
            if len(tag) != 3:
                return None
            name, _, rest = stem.partition("-")
            version = rest.partition("-")[0]
            if _normalise(name) != self._name or not version:
                return None
            joined = "-".join(tag)
            if self._tags.rank(joined) is None:
                self._unusable.add(version)
                return None
            return version, joined
        for ending in _SDIST_ENDINGS:
            if filename.endswith(ending):
                name, _, version = filename[: -len(ending)].rpartition("-")
                return (version, "") if name and _normalise(name) == self._name else None
        return None

    def add(self, row: FileRow) -> None:
        (self._wheels if row.tag else self._sdists).append(row)

    def build(self) -> Page:
        usable = {row.version for row in self._wheels}
        return Page(
            tuple(self._wheels), tuple(self._sdists), tuple(sorted(self._unusable - usable)), self.advertises
        )


@lru_cache(maxsize=4096)
def _normalise(name: str) -> str:
    return canonicalize_name(name)


def _read_html(text: str, url: str, builder: _Builder) -> bool:
    """Read a page whose anchors start with `href` in double quotes; return whether all of them do."""
    head = text[:4096]
    version = _API_VERSION.search(head)
    if version and version[1] != "1":
        raise PageError(f"it has format version {version[1]}, and only 1 is known")
    url = _base_url(text, url)
    count = 0
    for match in _ANCHOR.finditer(text):
        count += 1
        href = match[1]
        judged = builder.judge(_filename(href))
        if judged is not None:
            attributes = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(match[3])}
            _add_anchor(builder, url, href, match[2] or "", attributes, judged)
    return count == text.count("<a") + text.count("<A")


def _read_unusual_html(text: str, url: str, builder: _Builder) -> None:
    parser = _Anchors()
    parser.feed(text)
    parser.close()
    url = _base_url(text, url)
    for attributes in parser.found:
        href, _, fragment = attributes.pop("href", "").partition("#")
        judged = builder.judge(_filename(href))
        if judged is not None:
            _add_anchor(builder, url, href, fragment, attributes, judged)


def _base_url(text: str, url: str) -> str:
    base = _BASE.search(text, 0, 4096)
    return urljoin(url, html.unescape(base[1])) if base else url


def _add_anchor(
    builder: _Builder,
    url: str,
    href: str,
    fragment: str,
    attributes: Mapping[str, str],
    judged: tuple[str, str],
) -> None:
    sha256 = _SHA256.search(fragment)
    if fragment and not sha256 and "=" in fragment:
        return
    metadata = attributes.get("data-core-metadata", attributes.get("data-dist-info-metadata"))
    version, tag = judged
    row = FileRow(
        filename=_filename(href),
        url=_join(url, html.unescape(href) if "&" in href else href),
        version=version,
        tag=tag,
        sha256=sha256[1].lower() if sha256 else "",
        requires_python=attributes.get("data-requires-python", ""),
        yanked=attributes.get("data-yanked"),
        size=None,
        upload_time=attributes.get("data-upload-time", ""),
        metadata=_metadata_digest(metadata),
    )
    builder.advertises = builder.advertises or metadata is not None
    builder.add(row)


def _metadata_digest(value: str | None) -> str:
    if value is None or value == "false":
        return ""
    found = _SHA256.search(value)
    return found[1].lower() if found else "true"


@final
class _Anchors(HTMLParser):
    """Collects the attributes of every anchor."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append({name: value or "" for name, value in attrs})


def _read_json(body: bytes, url: str, builder: _Builder) -> None:
    try:
        data: Any = json.loads(body)
        api = str(data["meta"]["api-version"])
        if api.partition(".")[0] != "1":
            raise PageError(f"it has format version {api}, and only 1 is known")
        for file in data["files"]:
            judged = builder.judge(file["filename"])
            if judged is not None:
                _add_file(builder, url, file, judged)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, PageError):
            raise
        raise PageError(f"it is not the JSON it says it is ({type(error).__name__}: {error})") from None


def _add_file(builder: _Builder, url: str, file: Mapping[str, Any], judged: tuple[str, str]) -> None:
    hashes = file["hashes"]
    sha256 = str(hashes.get("sha256", "")).lower()
    if hashes and not sha256:
        return
    metadata = file.get("core-metadata", file.get("dist-info-metadata", file.get("data-dist-info-metadata")))
    yanked = file.get("yanked", False)
    version, tag = judged
    if metadata is not None:
        builder.advertises = True
    builder.add(
        FileRow(
            filename=file["filename"],
            url=_join(url, file["url"]),
            version=version,
            tag=tag,
            sha256=sha256,
            requires_python=file.get("requires-python") or "",
            yanked=None if yanked is False else "" if yanked is True else str(yanked),
            size=file.get("size"),
            upload_time=file.get("upload-time") or "",
            metadata=str(metadata.get("sha256", "true"))
            if isinstance(metadata, dict)
            else "true" * bool(metadata),
        )
    )


def _filename(href: str) -> str:
    name = href[href.rfind("/") + 1 :].partition("?")[0]
    return unquote(name) if "%" in name else name


def _join(base: str, href: str) -> str:
    return href if href.startswith(("https://", "http://")) else urljoin(base, href)
