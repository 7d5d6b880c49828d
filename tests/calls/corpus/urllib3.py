"""Calls of urllib3: pools, headers with several values, retries, records."""

from __future__ import annotations

import urllib3
from support import serve

SPEC = "urllib3@==2.8.0"


def calls(w):
    url = serve()
    yield (
        "a request",
        lambda: w.BaseHTTPResponse_json(w.request("GET", f"{url}/a")),
        lambda: urllib3.request("GET", f"{url}/a").json(),
    )
    yield (
        "a pool with options",
        lambda: w.BaseHTTPResponse_data(
            w.PoolManager_request_with(
                w.PoolManager_new(), "POST", url, {"fields": {"a": "1"}, "encode_multipart": False}
            )
        ),
        lambda: urllib3.PoolManager().request("POST", url, fields={"a": "1"}, encode_multipart=False).data,
    )
    yield (
        "a body of bytes",
        lambda: w.BaseHTTPResponse_status(
            w.PoolManager_request_with(w.PoolManager_new(), "PUT", url, {"body": b"x"})
        ),
        lambda: urllib3.PoolManager().request("PUT", url, body=b"x").status,
    )
    yield "headers", lambda: several(w), lambda: ("1, 2", 1, ["a"])
    yield (
        "parts of a URL",
        lambda: w.util_parse_url("http://u@h:1/p?q"),
        lambda: urllib3.util.parse_url("http://u@h:1/p?q"),
    )
    yield (
        "made headers",
        lambda: w.make_headers_with({"basic_auth": "a:b", "keep_alive": True}),
        lambda: urllib3.make_headers(basic_auth="a:b", keep_alive=True),
    )
    yield (
        "a retry that is used up",
        lambda: w.Retry_is_exhausted(w.Retry_new_with({"total": -1})),
        lambda: urllib3.Retry(total=-1).is_exhausted(),
    )
    yield (
        "too many redirections",
        lambda: w.PoolManager_request_with(w.PoolManager_new(), "GET", f"{url}/jump", {"retries": 0}),
        lambda: urllib3.PoolManager().request("GET", f"{url}/jump", retries=0),
    )
    yield (
        "a header that fails",
        lambda: w.HTTPHeaderDict_get_item(w.HTTPHeaderDict_new(), "none"),
        lambda: urllib3.HTTPHeaderDict()["none"],
    )


def several(w):
    headers = w.HTTPHeaderDict_new()
    w.HTTPHeaderDict_add(headers, "a", "1")
    w.HTTPHeaderDict_add(headers, "A", "2")
    get = w.HTTPHeaderDict_get_item(headers, "a")
    return get, w.HTTPHeaderDict_len(headers), w.HTTPHeaderDict_to_list(headers)
