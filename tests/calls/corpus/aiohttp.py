"""Calls of aiohttp: what needs no running loop (sessions belong to one), records, errors."""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp import abc, helpers, multipart, web

SPEC = "aiohttp@==3.14.5"
NEAR = {"headers by name"}

DISPOSITION = 'attachment; filename="a.txt"'


def calls(w):
    yield (
        "credentials",
        lambda: w.BasicAuth_encode(w.BasicAuth_new_with("ada", {"password": "x"})),
        lambda: aiohttp.BasicAuth("ada", password="x").encode(),
    )
    yield (
        "credentials read",
        lambda: w.BasicAuth_login(w.BasicAuth_decode("Basic YWRhOng=")),
        lambda: aiohttp.BasicAuth.decode("Basic YWRhOng=").login,
    )
    yield (
        "credentials that are none",
        lambda: w.BasicAuth_decode("Nothing"),
        lambda: aiohttp.BasicAuth.decode("Nothing"),
    )
    yield (
        "a disposition",
        lambda: w.parse_content_disposition(DISPOSITION),
        lambda: multipart.parse_content_disposition(DISPOSITION),
    )
    yield (
        "a file name",
        lambda: w.content_disposition_filename({"filename": "a.txt"}),
        lambda: multipart.content_disposition_filename({"filename": "a.txt"}),
    )
    yield (
        "a resolver of functions",
        lambda: w.AbstractResolver_resolve_sync(resolver(w), "h")[0].port,
        lambda: asyncio.run(Resolver().resolve("h"))[0]["port"],
    )
    yield "a form", lambda: w.FormData_is_multipart(form(w)), lambda: form_directly().is_multipart
    yield (
        "a tag",
        lambda: w.ETag_new_with("x", {"is_weak": True}),
        lambda: attr_values(helpers.ETag("x", is_weak=True)),
    )
    yield (
        "a response",
        lambda: w.Response_text(w.Response_new_with({"text": "hello", "status": 201})),
        lambda: web.Response(text="hello", status=201).text,
    )
    yield (
        "a response of two bodies",
        lambda: w.Response_new_with({"text": "a", "body": b"b"}),
        lambda: web.Response(text="a", body=b"b"),
    )
    yield "headers by name", lambda: str(w.hdrs_ACCEPT()), lambda: "Accept"


def attr_values(tag):
    return [tag.value, tag.is_weak]


def form(w):
    made = w.FormData_new()
    w.FormData_add_field_with(made, "f", b"x", {"filename": "a.bin"})
    return made


def form_directly():
    made = aiohttp.FormData()
    made.add_field("f", b"x", filename="a.bin")
    return made


def resolver(w):
    def resolve(host, port, _family):
        # As a map: what a host in another process has for a record.
        found = {"hostname": host, "host": "::1", "port": port + 7, "family": 0, "proto": 0, "flags": 0}
        return [found]

    return w.AbstractResolver_implement(resolve, lambda: None)


class Resolver(abc.AbstractResolver):
    async def resolve(self, host, port=0, family=0):
        return [{"hostname": host, "host": "::1", "port": port + 7}]

    async def close(self):
        pass
