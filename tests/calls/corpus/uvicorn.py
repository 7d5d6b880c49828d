"""Calls of uvicorn: settings, applications found by name, a server for one request, errors."""

from __future__ import annotations

import threading
import time
import urllib.request

import uvicorn
from uvicorn import importer

SPEC = "uvicorn@==0.54.0"


def calls(w):
    yield (
        "settings",
        lambda: (w.Config_host(config(w)), w.Config_port(config(w)), w.Config_loaded(config(w))),
        lambda: ("127.0.0.1", 8123, False),
    )
    yield "loaded", lambda: w.Config_loaded(loaded(w)), lambda: True
    yield (
        "an object by name",
        lambda: w.importer_import_from_string("math:pi"),
        lambda: importer.import_from_string("math:pi"),
    )
    yield (
        "a name without an attribute",
        lambda: w.importer_import_from_string("math"),
        lambda: importer.import_from_string("math"),
    )
    yield (
        "a module that is not there",
        lambda: w.importer_import_from_string("no_such:x"),
        lambda: importer.import_from_string("no_such:x"),
    )
    yield (
        "a server's settings",
        lambda: w.Config_port(w.Server_config(w.Server_new(config(w)))),
        lambda: uvicorn.Server(uvicorn.Config(page, port=8123)).config.port,
    )
    yield "a level", lambda: w.logging_TRACE_LOG_LEVEL(), lambda: 5
    yield "one request", lambda: serve_once(w), lambda: b"hello"


async def page(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})


def config(w):
    return w.Config_new_with(page, {"port": 8123, "log_level": "error"})


def loaded(w):
    made = config(w)
    w.Config_load(made)
    return made


def serve_once(w):
    made = w.Config_new_with(page, {"port": 0, "log_level": "error", "lifespan": "off"})
    server = w.Server_new(made)
    thread = threading.Thread(target=lambda: w.Server_run(server), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
        body = answer.read()
    server.should_exit = True
    thread.join(10)
    return body
