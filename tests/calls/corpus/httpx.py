"""Calls of httpx against a server on this machine: clients, asynchronous ones too."""

from __future__ import annotations

import asyncio

import httpx
from support import serve

SPEC = "httpx@==0.28.1"
NEAR = {"an unknown option"}


def calls(w):
    url = serve()
    yield "get", lambda: w.Response_json(w.get(f"{url}/a")), lambda: httpx.get(f"{url}/a").json()
    yield (
        "a JSON body",
        lambda: w.Response_text(w.post_with(url, {"json": {"a": 1}})),
        lambda: httpx.post(url, json={"a": 1}).text,
    )
    yield (
        "a URL as a handle",
        lambda: w.Response_status_code(w.get(w.URL_new_with({"url": f"{url}/missing"}))),
        lambda: httpx.get(httpx.URL(f"{url}/missing")).status_code,
    )
    yield (
        "parts of a URL",
        lambda: (
            w.URL_host(w.URL_new_with({"url": "https://a.b:8/c"})),
            w.URL_port(w.URL_new_with({"url": "https://a.b:8/c"})),
        ),
        lambda: ("a.b", 8),
    )
    yield (
        "a client",
        lambda: w.Response_json(
            w.Client_get(w.Client_new_with({"base_url": url, "headers": {"X-Test": "2"}}), "/c")
        ),
        lambda: httpx.Client(base_url=url, headers={"X-Test": "2"}).get("/c").json(),
    )
    yield (
        "an error of the server",
        lambda: w.Response_raise_for_status(w.get(f"{url}/missing")),
        lambda: httpx.get(f"{url}/missing").raise_for_status(),
    )
    yield "an unknown scheme", lambda: w.get("nowhere://x"), lambda: httpx.get("nowhere://x")
    yield "an asynchronous client", lambda: fetch(w, url), lambda: asyncio.run(fetch_directly(url))
    yield (
        "headers",
        lambda: w.Headers_get_item(w.Response_headers(w.get(url)), "content-type"),
        lambda: httpx.get(url).headers["content-type"],
    )
    yield (
        "parameters",
        lambda: w.QueryParams_to_string(w.QueryParams_new_with({"args": [{"a": "1", "b": "2"}]})),
        lambda: str(httpx.QueryParams({"a": "1", "b": "2"})),
    )
    yield (
        "an unknown option",
        lambda: refuses(lambda: w.get_with(url, {"param": {}})),
        lambda: "get_with: unknown option 'param'; did you mean 'params'?",
    )


def fetch(w, url):
    client = w.AsyncClient_new()
    return w.Response_json(w.AsyncClient_get_sync(client, f"{url}/async"))


async def fetch_directly(url):
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{url}/async")).json()


def refuses(call):
    try:
        call()
    except TypeError as error:
        return str(error)
    return "no error"
