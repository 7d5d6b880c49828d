"""Calls of requests against a server on this machine."""

from __future__ import annotations

import requests
from support import serve

SPEC = "requests@==2.34.2"


def calls(w):
    url = serve()
    yield "get", lambda: w.Response_json(w.get(f"{url}/a")), lambda: requests.get(f"{url}/a").json()
    yield (
        "parameters and headers",
        lambda: w.Response_json(w.get_with(url, {"params": {"q": "ü"}, "headers": {"X-Test": "1"}})),
        lambda: requests.get(url, params={"q": "ü"}, headers={"X-Test": "1"}).json(),
    )
    yield (
        "a JSON body",
        lambda: w.Response_text(w.post_with(url, {"json": {"a": [1, 2]}})),
        lambda: requests.post(url, json={"a": [1, 2]}).text,
    )
    yield (
        "a form",
        lambda: w.Response_json(w.put_with(url, {"data": {"a": "1"}})),
        lambda: requests.put(url, data={"a": "1"}).json(),
    )
    yield (
        "an error of the server",
        lambda: w.Response_raise_for_status(w.get(f"{url}/missing")),
        lambda: requests.get(f"{url}/missing").raise_for_status(),
    )
    yield (
        "history of a redirection",
        lambda: [w.Response_status_code(each) for each in w.Response_history(w.get(f"{url}/jump"))],
        lambda: [each.status_code for each in requests.get(f"{url}/jump").history],
    )
    yield (
        "an unknown scheme",
        lambda: w.get("nowhere://x"),
        lambda: requests.get("nowhere://x"),
    )
    yield (
        "a session",
        lambda: w.Response_ok(w.Session_get(w.Session_new(), f"{url}/s")),
        lambda: requests.Session().get(f"{url}/s").ok,
    )
    yield (
        "chunks",
        lambda: b"".join(w.Response_iter_content_with(w.get(url), {"chunk_size": 5})),
        lambda: b"".join(requests.get(url).iter_content(chunk_size=5)),
    )
    yield (
        "a prepared request",
        lambda: w.PreparedRequest_url(
            w.Request_prepare(w.Request_new_with({"method": "GET", "url": url, "params": {"a": "1"}}))
        ),
        lambda: requests.Request(method="GET", url=url, params={"a": "1"}).prepare().url,
    )
