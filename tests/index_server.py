"""A simple index on the loopback interface that does what a test tells it to, and wheels to put on it."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import ssl
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import final

from attrs import define, field, frozen

JSON = "application/vnd.pypi.simple.v1+json"


@final
@define
class File:
    """A file on the index and how the index misbehaves about it."""

    filename: str
    content: bytes
    requires_python: str = ""
    yanked: str | None = None
    upload_time: str = ""
    sidecar: bytes | None = None
    advertise: bool = True
    sha256: str | None = None
    """What the page says; None for the truth, empty for nothing, `md5` for an MD5 digest only."""


@final
@define
class Index:
    """The state of a running index. Tests change it between requests."""

    url: str = ""
    files: dict[str, list[File]] = field(factory=dict)
    json: bool = True
    ranges: bool = True
    failures: list[tuple[int, Mapping[str, str]]] = field(factory=list)
    """Replies to give, in order, before any right one."""
    truncate: int = 0
    """How many downloads to break off in the middle."""
    delay: float = 0.0
    redirect_files_to: str = ""
    page: Callable[[str], tuple[str, bytes]] | None = None
    """Makes content type and body of a page, instead of the usual one."""
    log: list[str] = field(factory=list)
    """Each request: path, and the part asked for."""
    authorizations: list[str | None] = field(factory=list)
    password: str = ""
    """The header `Authorization` without which every reply is 401."""

    def add(self, file: File) -> File:
        """Offer `file` under the name at its start."""
        name = file.filename.partition("-")[0].lower().replace("_", "-").replace(".", "-")
        self.files.setdefault(name, []).append(file)
        return file

    def count(self, ending: str) -> int:
        """Return how many requests were for a path that ends so."""
        return sum(line.partition(" ")[0].endswith(ending) for line in self.log)


@contextmanager
def serve(tls: ssl.SSLContext | None = None) -> Iterator[Index]:
    """Run an index until the block ends, over TLS where a context is given."""
    index = Index()

    class Handler(_Handler):
        state = index

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    index.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}/simple"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Index

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:  # the name is given by http.server
        state = self.state
        part = self.headers.get("Range", "")
        state.log.append(f"{self.path} {part}".strip())
        state.authorizations.append(self.headers.get("Authorization"))
        if state.delay:
            time.sleep(state.delay)
        if state.failures:
            status, headers = state.failures.pop(0)
            self._reply(status, b"not now", headers)
            return
        if state.password and self.headers.get("Authorization") != state.password:
            self._reply(401, b"who are you", {"WWW-Authenticate": 'Basic realm="index"'})
            return
        kind, _, name = self.path.strip("/").partition("/")
        if kind == "simple" and name in state.files:
            self._page(name)
        elif kind == "files":
            self._file(name, part)
        else:
            self._reply(404, b"no such thing", {})

    def do_HEAD(self) -> None:
        self.do_GET()

    def _page(self, name: str) -> None:
        state = self.state
        if state.page is not None:
            content_type, body = state.page(name)
        elif state.json and JSON in self.headers.get("Accept", ""):
            content_type, body = JSON, _json_page(name, state.files[name])
        else:
            content_type, body = "text/html", _html_page(name, state.files[name])
        self._reply(200, body, {"Content-Type": content_type})

    def _file(self, name: str, part: str) -> None:
        state = self.state
        if state.redirect_files_to:
            self._reply(302, b"", {"Location": f"{state.redirect_files_to}/files/{name}"})
            return
        files = {file.filename: file for files in state.files.values() for file in files}
        if name.endswith(".metadata"):
            file = files.get(name.removesuffix(".metadata"))
            found = file is not None and file.sidecar is not None
            self._reply(200 if found else 404, (file.sidecar or b"") if file and found else b"none", {})
            return
        content = files[name].content
        if part and state.ranges:
            start, _, end = part.removeprefix("bytes=").partition("-")
            first = int(start) if start else max(0, len(content) - int(end))
            last = min(int(end) if start and end else len(content) - 1, len(content) - 1)
            about = {"Content-Range": f"bytes {first}-{last}/{len(content)}"}
            self._reply(206, content[first : last + 1], about)
            return
        if state.truncate:
            state.truncate -= 1
            self._reply(200, content[: len(content) // 2], {}, length=len(content))
            self.close_connection = True
            return
        self._reply(200, content, {})

    def _reply(self, status: int, body: bytes, headers: Mapping[str, str], length: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _json_page(name: str, files: Sequence[File]) -> bytes:
    entries = []
    for file in files:
        entry: dict[str, object] = {
            "filename": file.filename,
            "url": f"../../files/{file.filename}",
            "hashes": _hashes(file),
            "size": len(file.content),
            "yanked": False if file.yanked is None else file.yanked or True,
        }
        if file.requires_python:
            entry["requires-python"] = file.requires_python
        if file.upload_time:
            entry["upload-time"] = file.upload_time
        if file.sidecar is not None and file.advertise:
            entry["core-metadata"] = {"sha256": hashlib.sha256(file.sidecar).hexdigest()}
        entries.append(entry)
    return json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": entries}).encode()


def _html_page(name: str, files: Sequence[File]) -> bytes:
    lines = [f"<!DOCTYPE html><html><head><title>{name}</title></head><body>"]
    for file in files:
        fragment = "".join(f"#{algorithm}={digest}" for algorithm, digest in _hashes(file).items())
        attributes = ""
        if file.requires_python:
            attributes += f' data-requires-python="{html.escape(file.requires_python)}"'
        if file.yanked is not None:
            attributes += f' data-yanked="{html.escape(file.yanked)}"'
        if file.upload_time:
            attributes += f' data-upload-time="{file.upload_time}"'
        if file.sidecar is not None and file.advertise:
            attributes += f' data-core-metadata="sha256={hashlib.sha256(file.sidecar).hexdigest()}"'
        lines.append(f'<a href="../../files/{file.filename}{fragment}"{attributes}>{file.filename}</a><br/>')
    return "\n".join([*lines, "</body></html>"]).encode()


def _hashes(file: File) -> dict[str, str]:
    if file.sha256 == "md5":
        return {"md5": hashlib.md5(file.content).hexdigest()}
    if file.sha256 == "":
        return {}
    return {"sha256": file.sha256 or hashlib.sha256(file.content).hexdigest()}


@final
@frozen
class Built:
    """A wheel made for a test."""

    filename: str
    content: bytes
    metadata: bytes


def build_wheel(
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    requires_python: str = "",
    extras: Sequence[str] = (),
    tag: str = "py3-none-any",
    files: Mapping[str, bytes] | None = None,
    metadata: bytes | None = None,
    record: bytes | None = None,
) -> Built:
    """Make a wheel in memory: one module named like it, unless `files` are given."""
    stem = name.replace("-", "_")
    if metadata is None:
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Python: {requires_python}"] if requires_python else []
        lines += [f"Provides-Extra: {extra}" for extra in extras]
        lines += [f"Requires-Dist: {requirement}" for requirement in requires]
        metadata = ("\n".join(lines) + "\n\nA description.\n").encode()
    info = f"{stem}-{version}.dist-info"
    contents = dict(files if files is not None else {f"{stem}/__init__.py": b"x = 1\n"})
    contents[f"{info}/METADATA"] = metadata
    contents[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nTag: {tag}\n".encode()
    if record is None:
        record = b"".join(record_line(path, content) for path, content in contents.items())
        record += f"{info}/RECORD,,\n".encode()
    contents[f"{info}/RECORD"] = record
    return Built(f"{stem}-{version}-{tag}.whl", pack(contents), metadata)


def pack(contents: Mapping[str, bytes]) -> bytes:
    """Return a ZIP archive of `contents`, the same bytes each time."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in contents.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def record_line(path: str, content: bytes) -> bytes:
    """Return the line of RECORD for a file."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content)}\n".encode()


def offer(index: Index, built: Built, **settings: object) -> File:
    """Put a wheel on the index."""
    return index.add(File(built.filename, built.content, **settings))  # type: ignore[arg-type]
