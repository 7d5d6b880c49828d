"""HTTP for `Host`: retries, redirects, ranges, credentials by origin.

The library (`httpx2`) is loaded with this module, so import it late.
"""

from __future__ import annotations

import contextlib
import email.utils
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, final
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx2
from attrs import field, frozen

from .. import __version__
from ..ir import codes
from ..ir.diagnostics import DiagnosticError

if TYPE_CHECKING:
    from .host import Host

# More simultaneous look-ups than this stall some resolvers for seconds.
CONNECTIONS: Final = 8
ATTEMPTS: Final = 4
MAX_WAIT: Final = 30.0
MAX_REDIRECTS: Final = 10
MAX_BODY: Final = 512 * 1024 * 1024
_RETRIED: Final = frozenset({429, 500, 502, 503, 504})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@final
@frozen
class Reply:
    """An HTTP reply. Header names are lower-case; `url` is where redirects led, without credentials."""

    status: int
    headers: Mapping[str, str]
    url: str
    body: bytes = field(repr=False)


@final
@frozen
class Stream:
    """An open reply whose body comes in chunks."""

    status: int
    headers: Mapping[str, str]
    url: str
    chunks: Iterator[bytes] = field(repr=False)


@final
class HttpClient:
    """A pool of connections. Safe to share between threads."""

    def __init__(self, host: Host, *, timeout: float = 30.0) -> None:
        self._host = host
        self._credentials: dict[str, tuple[str, str]] = {}
        self._lock = threading.Lock()
        self._client = httpx2.Client(
            limits=httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
            timeout=httpx2.Timeout(timeout, connect=10.0, pool=None),
            headers={"User-Agent": f"mochic-py/{__version__}"},
            follow_redirects=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def register(self, url: str, *, whole: bool = True) -> str:
        """Keep the credentials in `url` for its origin and return the URL without them.

        They are sent to that origin only, whatever a page or a redirect says. Without `whole` they
        are for what is below `url`, and for the rest of the origin only where it has none: several
        indexes of one server may have credentials of their own.
        """
        clean, user, password = split_credentials(url)
        if user or password:
            origin = _origin(clean)
            with self._lock:
                if whole:
                    self._credentials[origin] = (user, password)
                else:
                    self._credentials[_place(clean)] = (user, password)
                    self._credentials.setdefault(origin, (user, password))
        return clean

    def _find_credentials(self, url: str) -> tuple[str, str] | None:
        """Return the credentials of the longest registered URL that `url` is at or below."""
        place, origin = _place(url), _origin(url)
        with self._lock:
            known = [each for each in self._credentials if place == each or place.startswith(f"{each}/")]
            return self._credentials[max(known, key=len)] if known else self._credentials.get(origin)

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Fetch `url` whole. Any final status is returned; no reply at all is an error (PY420).

        Busy replies (429, 5xx) and broken connections are tried again, after the time the
        server asks for (`Retry-After`) when it is short.
        """
        for attempt in range(ATTEMPTS):
            try:
                with self._open(url, headers or {}) as response:
                    if response.status_code in _RETRIED and attempt + 1 < ATTEMPTS:
                        wait = self._wait_time(response, attempt)
                    else:
                        body = b"".join(_limited(response, url))
                        return Reply(response.status_code, _headers(response), _shown(response), body)
            except httpx2.TransportError as error:
                if attempt + 1 == ATTEMPTS:
                    raise unreachable(url, error) from None
                wait = 0.2 * 2.0**attempt
            self._host.sleep(wait)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def get_range(self, url: str, *, start: int | None = None, length: int) -> Reply:
        """Fetch `length` bytes from `start`, or the last `length` bytes when `start` is None.

        Status 206 means that `body` is the part; with 200 the server sent the whole file.
        """
        part = f"-{length}" if start is None else f"{start}-{start + length - 1}"
        return self.get(url, {"Range": f"bytes={part}", "Accept-Encoding": "identity"})

    @contextlib.contextmanager
    def stream(self, url: str) -> Iterator[Stream]:
        """Open `url`. An error while reading `chunks` is PY420; the caller may open it again."""
        for attempt in range(ATTEMPTS):
            try:
                with self._open(url, {"Accept-Encoding": "identity"}) as response:
                    if response.status_code not in _RETRIED or attempt + 1 == ATTEMPTS:
                        chunks = response.iter_bytes(1 << 16)
                        yield Stream(response.status_code, _headers(response), _shown(response), chunks)
                        return
                    wait = self._wait_time(response, attempt)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                if attempt + 1 == ATTEMPTS:
                    raise unreachable(url, error) from None
                wait = 0.2 * 2.0**attempt
            except httpx2.TransportError as error:
                raise unreachable(url, error) from None
            self._host.sleep(wait)

    @contextlib.contextmanager
    def _open(self, url: str, headers: Mapping[str, str]) -> Iterator[httpx2.Response]:
        """Send one request and follow its redirects, without carrying anything across origins."""
        url = self.register(url)
        for _ in range(MAX_REDIRECTS):
            try:
                request = self._client.build_request("GET", url, headers=headers)
            except httpx2.InvalidURL as error:
                raise _not_a_url(url, error) from None
            auth = self._find_credentials(url)
            try:
                response = self._client.send(request, stream=True, auth=auth)
            except httpx2.UnsupportedProtocol:
                message = f"`{redact(url)}` does not start with http:// or https://"
                raise DiagnosticError(codes.NETWORK.at(None, message)) from None
            try:
                target = response.headers.get("location")
                if response.status_code not in _REDIRECTS or not target:
                    yield response
                    return
                following = _join(response.url, target)
            except httpx2.DecodingError as error:  # damaged compression: as bad as a broken connection
                raise httpx2.RemoteProtocolError(str(error)) from None
            finally:
                response.close()
            if url.startswith("https:") and not following.startswith("https:"):
                message = f"`{redact(url)}` redirects to an unencrypted address"
                raise DiagnosticError(codes.NETWORK.at(None, message))
            url = split_credentials(following)[0]
        raise DiagnosticError(codes.NETWORK.at(None, f"`{redact(url)}` redirects too often"))

    def _wait_time(self, response: httpx2.Response, attempt: int) -> float:
        """Return how long to wait before trying again (RFC 9110, section 10.2.3)."""
        asked = response.headers.get("retry-after", "")
        if asked.isdecimal():
            return min(float(asked), MAX_WAIT)
        try:
            moment = email.utils.parsedate_to_datetime(asked).timestamp()
        except ValueError:
            return 0.2 * 2.0**attempt
        return min(max(moment - self._host.now(), 0.0), MAX_WAIT)


def redact(url: str) -> str:
    """Return `url` without user name, password and query, fit to be shown."""
    parts = urlsplit(split_credentials(url)[0])
    if not parts.netloc:
        return url.rpartition("@")[2].partition("?")[0]
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def split_credentials(url: str) -> tuple[str, str, str]:
    """Return `url` without credentials, then user name and password, empty where there are none.

    Raises `DiagnosticError` for what is no URL (PY420).
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise _not_a_url(url, error) from None
    info, at, place = parts.netloc.rpartition("@")
    if not at:
        return url, "", ""
    user, _, password = info.partition(":")
    return urlunsplit(parts._replace(netloc=place)), unquote(user), unquote(password)


def unreachable(url: str, error: Exception) -> DiagnosticError:
    """Return the error for a server that gave no whole answer."""
    reason = str(error) or type(error).__name__
    return DiagnosticError(
        codes.NETWORK.at(
            None,
            f"cannot fetch `{redact(url)}`: {reason}",
            help="check the connection, or use `--offline` to work from the cache; "
            "MOCHIC_INDEX_URL names another index",
        )
    )


def _join(url: httpx2.URL, target: str) -> str:
    """Return where a redirect leads; raises `DiagnosticError` for a `target` that is no URL."""
    try:
        return str(url.join(target))
    except (httpx2.InvalidURL, ValueError) as error:
        raise _not_a_url(target, error) from None


def _not_a_url(url: str, error: Exception) -> DiagnosticError:
    shown = url.rpartition("@")[2].partition("?")[0]
    return DiagnosticError(codes.NETWORK.at(None, f"`{shown}` is not a URL: {error}"))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _place(url: str) -> str:
    """Return `url` without its query and the slash at its end, its origin in lower case."""
    return f"{_origin(url)}{urlsplit(url).path}".rstrip("/")


def _limited(response: httpx2.Response, url: str) -> Iterator[bytes]:
    size = 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > MAX_BODY:
            message = f"`{redact(url)}` answers with more than {MAX_BODY >> 20} MiB"
            raise DiagnosticError(codes.NETWORK.at(None, message))
        yield chunk


def _headers(response: httpx2.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _shown(response: httpx2.Response) -> str:
    return split_credentials(str(response.url))[0]
