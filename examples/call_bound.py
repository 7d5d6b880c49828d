"""Calls the wrappers that `make demo` compiled, as a Mochi program would.

Run with the workspace's own Python; the argument is the workspace folder.
"""

from __future__ import annotations

import http.server
import importlib
import sys
import threading
from types import ModuleType


def main(workspace: str) -> None:
    """Use each wrapper once and print what it returned."""
    sys.path.insert(0, workspace)
    convert(load("tomli"), load("yaml"))
    measure(load("np"))
    fetch(load("httpx"))


def load(alias: str) -> ModuleType:
    """Return the wrapper module of `alias`."""
    module = importlib.import_module(f"python_wrap.{alias}").externs
    assert isinstance(module, ModuleType)
    return module


def convert(tomli: ModuleType, yaml: ModuleType) -> None:
    """Turn TOML into YAML."""
    settings = tomli.loads('title = "demo"\n[server]\nport = 8080\n')
    print("tomli.loads ->", settings)
    print("yaml.safe_dump_with ->", repr(yaml.safe_dump_with(settings, {"sort_keys": True})))


def measure(np: ModuleType) -> None:
    """Take the length of a vector."""
    samples = np.array([3.0, 4.0, 12.0])
    print("np.linalg_norm ->", np.linalg_norm(samples))
    print("np.mean ->", np.mean(samples))


def fetch(httpx: ModuleType) -> None:
    """Fetch a page from a server in this process, through a client handle."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = httpx.Client_new()
        response = httpx.Client_get(client, f"http://127.0.0.1:{server.server_port}/")
        print("httpx.Response_status_code ->", httpx.Response_status_code(response))
        print("httpx.Response_text ->", httpx.Response_text(response))
        server.shutdown()


class Page(http.server.BaseHTTPRequestHandler):
    """Answers every request with a greeting."""

    def do_GET(self) -> None:
        """Send the page."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello from the demo")

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


if __name__ == "__main__":
    main(sys.argv[1])
