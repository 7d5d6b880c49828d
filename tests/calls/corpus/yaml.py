"""Calls of pyyaml: documents, streams of events, nodes as handles, errors."""

from __future__ import annotations

import datetime
import io

import yaml

SPEC = "pyyaml@==6.0.3"
NEAR = {"events", "a file of bytes", "a loader named by the caller"}

DATA = {"b": [1, 2.5, None], "a": {"c": "é"}}
DOCUMENTS = "a: 1\n---\n- 2\n- x\n"


def calls(w):
    yield "text to a map", lambda: w.safe_load("a: [1, x]"), lambda: yaml.safe_load("a: [1, x]")
    yield "a map to text", lambda: w.safe_dump(DATA), lambda: yaml.safe_dump(DATA)
    yield (
        "options",
        lambda: w.safe_dump_with(DATA, {"sort_keys": False, "allow_unicode": True, "indent": 4}),
        lambda: yaml.safe_dump(DATA, sort_keys=False, allow_unicode=True, indent=4),
    )
    yield (
        "documents one after the other",
        lambda: w.safe_load_all(DOCUMENTS),
        lambda: yaml.safe_load_all(DOCUMENTS),
    )
    yield (
        "several documents out",
        lambda: w.safe_dump_all([{"a": 1}, [2]]),
        lambda: yaml.safe_dump_all([{"a": 1}, [2]]),
    )
    yield "a date", lambda: w.safe_load("2026-11-21"), lambda: datetime.date(2026, 11, 21)
    yield "malformed", lambda: w.safe_load("a: [1"), lambda: yaml.safe_load("a: [1")
    yield (
        "events",
        lambda: [type(each).__name__ for each in w.parse("a: 1")],
        lambda: [type(each).__name__ for each in yaml.parse("a: 1")],
    )
    yield "a node", lambda: w.Node_tag(w.compose("a: 1")), lambda: yaml.compose("a: 1").tag
    yield (
        "a file of bytes",
        lambda: w.safe_load(io.BytesIO(b"x: true")),
        lambda: yaml.safe_load(io.BytesIO(b"x: true")),
    )
    yield (
        "a loader named by the caller",
        lambda: w.load_("a: 1", yaml.SafeLoader),
        lambda: yaml.load("a: 1", yaml.SafeLoader),
    )
