"""Asynchronous packages through compiled wrappers: `python async_packages.py WORKSPACE MODE [CASE…]`.

Prints a line of JSON for each case: its name, and what went wrong or null. The file
`tests/test_runtime_async_packages.py` compiles the packages with both drivers and runs this beside them.
"""

# ruff: noqa: E402  (the workspace is the first argument)

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator

sys.path.insert(0, sys.argv[1])
MODE = sys.argv[2]
import _mochi_wrap as m
from python_wrap.aiohttp import aiohttp_externs as aiohttp
from python_wrap.anyio import anyio_externs as anyio
from python_wrap.httpx import httpx_externs as httpx
from python_wrap.starlette import starlette_externs as starlette
from python_wrap.uvicorn import uvicorn_externs as uvicorn

PERSISTENT = MODE == "persistent"
CASES: list[Callable[[], None]] = []


def case(function: Callable[[], None]) -> Callable[[], None]:
    CASES.append(function)
    return function


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(4)
        body = f"hello {self.path}\n".encode() * 3
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that was cancelled resets its connection."""


SERVER = Server(("127.0.0.1", 0), Echo)
URL = f"http://127.0.0.1:{SERVER.server_port}"
threading.Thread(target=SERVER.serve_forever, daemon=True).start()


@contextlib.contextmanager
def raises(kind: type[BaseException], text: str) -> Iterator[None]:
    try:
        yield
    except kind as error:
        if text not in str(error):
            raise AssertionError(f"{text!r} is not in {str(error)!r}") from error
    else:
        raise AssertionError(f"no {kind.__name__}")


def texts(client: object, count: int = 3) -> list[str]:
    found = [httpx.AsyncClient_get_sync(client, f"{URL}/{number}") for number in range(count)]
    return [httpx.Response_text(response).partition("\n")[0] for response in found]


def free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def post(port: int, path: str, body: str) -> tuple[int, str]:
    """Ask a server that is about to start."""
    deadline = time.monotonic() + 10
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("POST", path, body)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        finally:
            connection.close()


# --- httpx -------------------------------------------------------------------------------


@case
def a_client_serves_its_body() -> None:
    found = httpx.AsyncClient_async_with(httpx.AsyncClient_new(), texts)
    assert found == ["hello /0", "hello /1", "hello /2"]


@case
def a_client_outlives_its_call() -> None:
    client = httpx.AsyncClient_new()
    if PERSISTENT:
        assert texts(client) == ["hello /0", "hello /1", "hello /2"]
        httpx.AsyncClient_aclose_sync(client)
        return
    # Its connection belongs to the loop of the first call.
    assert texts(client, 1) == ["hello /0"]
    with raises(m.CrossLoopError, 'or set `[python] async-mode = "persistent"`'):
        texts(client, 2)


@case
def threads_share_a_client() -> None:
    found: list[str] = []

    def body(client: object) -> None:
        threads = [threading.Thread(target=lambda: found.extend(texts(client, 5))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    if PERSISTENT:
        httpx.AsyncClient_async_with(httpx.AsyncClient_new(), body)
        assert sorted(found) == sorted([f"hello /{number}" for number in range(5)] * 4)


@case
def a_response_is_read_line_by_line() -> None:
    def read(response: object) -> list[str]:
        lines = httpx.Response_aiter_lines(response)
        first = next(lines)
        lines.close()
        assert list(lines) == []
        return [first]

    def body(client: object) -> list[str]:
        request = httpx.AsyncClient_stream(client, "GET", f"{URL}/s")
        return httpx.ResponseAsyncContext_async_with(request, read)

    assert httpx.AsyncClient_async_with(httpx.AsyncClient_new(), body) == ["hello /s"]


@case
def a_request_takes_no_longer_than_it_may() -> None:
    def body(client: object) -> str:
        token = m.mochi_async_timeout.set(0.2)
        try:
            with raises(m.AsyncTimeoutError, "AsyncClient_get_sync: no result within 0.2 s"):
                httpx.AsyncClient_get_sync(client, f"{URL}/slow")
        finally:
            m.mochi_async_timeout.reset(token)
        return texts(client, 1)[0]

    client = httpx.AsyncClient_new_with({"timeout": None})
    assert httpx.AsyncClient_async_with(client, body) == "hello /0"


@case
def requests_are_cancelled() -> None:
    def body(client: object) -> None:
        with m.cancellation() as token:
            threading.Timer(0.2, token.cancel).start()
            begun = time.monotonic()
            with raises(m.CallCancelledError, "AsyncClient_get_sync: the call was cancelled"):
                httpx.AsyncClient_get_sync(client, f"{URL}/slow")
            assert time.monotonic() - begun < 3

    httpx.AsyncClient_async_with(httpx.AsyncClient_new_with({"timeout": None}), body)


@case
def an_application_answers_without_a_server() -> None:
    """The client calls the application, and that the program, which reads the request."""

    def echo(request: object) -> object:
        body = starlette.Request_body_sync(request)
        return starlette.PlainTextResponse_new_with({"content": m.bytes_to_string(body).upper()})

    routes = [starlette.Route_new_with("/echo", echo, {"methods": ["POST"]})]
    application = starlette.Starlette_new_with({"routes": routes})
    transport = httpx.ASGITransport_new(application)

    def body(client: object) -> str:
        response = httpx.AsyncClient_post_sync_with(client, "http://test/echo", {"content": "hello"})
        return httpx.Response_text(response)

    assert httpx.AsyncClient_async_with(httpx.AsyncClient_new_with({"transport": transport}), body) == "HELLO"


# --- starlette and uvicorn ---------------------------------------------------------------


@case
def a_server_calls_the_program() -> None:
    def echo(request: object) -> object:
        given = starlette.Request_json_sync(request)
        anyio.sleep_sync(0.01)
        return starlette.JSONResponse_new({"twice": given["n"] * 2})

    routes = [starlette.Route_new_with("/echo", echo, {"methods": ["POST"]})]
    application = starlette.Starlette_new_with({"routes": routes})
    port = free_port()
    config = uvicorn.Config_new_with(application, {"port": port, "log_level": "error", "lifespan": "off"})
    server = uvicorn.Server_new(config)
    thread = threading.Thread(target=uvicorn.Server_serve_sync, args=(server,))
    thread.start()
    try:
        assert post(port, "/echo", '{"n": 21}') == (200, '{"twice":42}')
    finally:
        uvicorn.Server_set_should_exit(server, True)
        thread.join(10)
    assert not thread.is_alive()


# --- aiohttp -----------------------------------------------------------------------------


@case
def a_session_of_aiohttp() -> None:
    def read(response: object) -> tuple[int, str]:
        return aiohttp.ClientResponse_status(response), aiohttp.ClientResponse_text_sync(response)[:8]

    if not PERSISTENT:
        with raises(m.LoopError, "ClientSession_new: needs a running event loop; set `[python] async-mode"):
            aiohttp.ClientSession_new()
        return
    session = aiohttp.ClientSession_new()
    try:
        for number in range(3):
            request = aiohttp.ClientSession_get(session, f"{URL}/{number}")
            found = aiohttp.ClientResponseAsyncContext_async_with(request, read)
            assert found == (200, f"hello /{number}")
    finally:
        aiohttp.ClientSession_close_sync(session)


@case
def a_server_of_aiohttp() -> None:
    def echo(request: object) -> object:
        text = aiohttp.BaseRequest_text_sync(aiohttp.Request_as_BaseRequest(request))
        anyio.sleep_sync(0.01)
        response = aiohttp.Response_new_with({"text": text.upper()})
        return aiohttp.Response_as_StreamResponse(response)

    application = aiohttp.Application_new()
    router = aiohttp.Application_router(application)
    aiohttp.UrlDispatcher_add_post(router, "/echo", echo)
    port = free_port()
    if not PERSISTENT:
        options = {"host": "127.0.0.1", "port": port, "print": None, "handle_signals": False}
        arguments = (application, options)
        threading.Thread(target=aiohttp.web_run_app_with, args=arguments, daemon=True).start()
        assert post(port, "/echo", "hello") == (200, "HELLO")
        return
    runner = aiohttp.AppRunner_as_BaseRunner(aiohttp.AppRunner_new(application))
    aiohttp.BaseRunner_setup_sync(runner)
    site = aiohttp.TCPSite_new_with(runner, {"host": "127.0.0.1", "port": port})
    aiohttp.TCPSite_start_sync(site)
    assert post(port, "/echo", "hello") == (200, "HELLO")
    aiohttp.BaseRunner_cleanup_sync(runner)


# --- anyio -------------------------------------------------------------------------------


@case
def functions_of_the_program_run_in_a_group() -> None:
    seen: list[str] = []

    def work(number: int) -> None:
        anyio.sleep_sync(0.05)
        seen.append(f"slept {number}")

    def body(group: object) -> str:
        for number in range(3):
            anyio.TaskGroup_start_soon_with(group, work, {"args": [number]})
        return "begun"

    if PERSISTENT:
        assert anyio.TaskGroup_async_with(anyio.create_task_group(), body) == "begun"
        assert sorted(seen) == ["slept 0", "slept 1", "slept 2"]
    else:
        with raises(m.LoopError, "create_task_group: needs a running event loop"):
            anyio.create_task_group()


@case
def a_file_is_read_in_a_thread() -> None:
    file = anyio.open_file_sync(__file__)
    assert "anyio" in anyio.AsyncFile_read_sync(file).value
    anyio.AsyncFile_aclose_sync(file)
    assert anyio.to_thread_run_sync_sync(lambda: 5) == 5


def main() -> None:
    for function in CASES:
        if len(sys.argv) > 3 and function.__name__ not in sys.argv[3:]:
            continue
        problem = None
        try:
            function()
        except BaseException:
            problem = traceback.format_exc()
        print(json.dumps([function.__name__, problem]), flush=True)


if __name__ == "__main__":
    main()
