"""The part of `mochic-py report` that compiles, and remembers what it said."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypedDict, cast

from ...ir.parts import evolve
from ...ir.render import render_human
from ..cache import PAGE_TTL, Cache
from ..compile import compile
from ..host import Host
from ..memo import memo_key
from ..report import build_report, format_text
from ..report_html import format_html
from ..request import Emit
from .compile_run import make_request, tell_of_probe

_KIND: Final = "report"


class _Said(TypedDict):
    """What a finished report said: its text, and its diagnostics without and with color."""

    text: str
    human: dict[str, str]


def run_report(host: Host, options: Mapping[str, Any], color: bool) -> tuple[str, bool]:
    """Return the report as text, and whether everything could be bound. Diagnostics go to stderr."""
    paths = [*options["programs"], *filter(None, (options["manifest"], options["lock"]))]
    contents = {path: host.read_bytes(Path(path)) for path in dict.fromkeys(paths)}
    cache, key = Cache(host), _key(host, options, contents)
    known = cache.get(_KIND, key, None if options["offline"] else PAGE_TTL)
    if known is not None:
        said = cast(_Said, json.loads(known))
    else:
        # Nothing comes of it that would run: what is not made for the target is told, not refused.
        asked = make_request(options, contents)
        request = evolve(asked, emit=frozenset({Emit.SHIM}), allow_untested=True)
        result = tell_of_probe(request, options, compile(request, host))
        human = {
            name: render_human(result.diagnostics, result.sources, color=wanted)
            for name, wanted in (("plain", False), ("color", True))
        }
        if not result.ok:
            sys.stderr.write(human["color" if color else "plain"])
            return "", False
        match options["form"]:
            case "json":
                text = json.dumps({**build_report(result), "files": []}, indent=1) + "\n"
            case "html":
                text = format_html(result.packages)
            case _:
                text = format_text(result.packages)
        said = _Said(text=text, human=human)
        cache.put(_KIND, key, json.dumps(said).encode("utf-8", "surrogatepass"))
    sys.stderr.write(said["human"]["color" if color else "plain"])
    return said["text"], True


def _key(host: Host, options: Mapping[str, Any], contents: Mapping[str, bytes]) -> str:
    ignored = {"out", "color", "jobs", "offline", "corpus", "folder", "targets"}
    asked = {name: value for name, value in options.items() if name not in ignored}
    files = {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}
    index = host.environ.get("MOCHIC_INDEX_URL", "")
    return memo_key({**asked, "files": files, "index": index})
