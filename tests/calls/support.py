"""What several case files need: a server that answers on this machine, a request to an application."""

from __future__ import annotations

import asyncio
import http.server
import json
import threading


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked, as JSON; `/missing` with 404, `/jump` with a redirection."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/jump":
            self.send_response(302)
            self.send_header("Location", "/landed")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        kept = {key: self.headers[key] for key in ("X-Test", "Content-Type") if self.headers[key]}
        told = {"method": self.command, "path": self.path, "headers": kept, "body": body.decode()}
        text = json.dumps(told, sort_keys=True).encode()
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def serve() -> str:
    """Start the server; return its address. It ends with the process."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def ask(application, path: str) -> tuple[int, str]:
    """Return status and body of a GET request to an ASGI application, without a server."""
    sent: list[dict] = []

    async def receive() -> dict:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict) -> None:
        sent.append(message)

    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET"}
    scope |= {"scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": ""}
    scope |= {"headers": [], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}
    asyncio.run(application(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], body.decode()
