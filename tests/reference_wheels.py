"""The wheels that auditwheel and abi3audit were run on, fetched from the index into the cache."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from packaging.utils import parse_wheel_filename

from mochic_py.compiler.cache import Cache
from mochic_py.compiler.host import Host
from mochic_py.compiler.resolve.download import download_blob
from mochic_py.compiler.resolve.index import IndexClient, default_index_url
from mochic_py.compiler.session import make_target

TARGETS = {
    "linux": "linux-x86_64",
    "musl": "musllinux-x86_64",
    "mac": "macos-arm64",
    "win": "windows-x86_64",
    "ft": "linux-x86_64",
}
DATA = Path(__file__).parent / "data" / "audit-reference.json"


class Reference(NamedTuple):
    """What the standard tools say of a wheel, and what a reader of its files counted.

    `facts` has `auditwheel`: the tag, None where it crashed, nothing where it does not apply; `abi3`: whether
    abi3audit accepts it.
    """

    wheel: str
    sha256: str
    size: int
    kind: str
    facts: dict[str, Any]


def read_references() -> list[Reference]:
    """Return all references, the smallest wheels first."""
    data = json.loads(DATA.read_text("utf-8"))
    found = [
        Reference(each["wheel"], each["sha256"], each["size"], each["set"], each) for each in data["wheels"]
    ]
    return sorted(found, key=lambda each: (each.size, each.wheel))


def fetch(reference: Reference, host: Host) -> Path:
    """Return the wheel in the cache; it is downloaded where it is not there."""
    cache = Cache(host)
    blob = cache.find_blob(reference.sha256)
    if blob is None:
        python = (3, 14, True) if reference.kind == "ft" else (3, 13, False)
        index = IndexClient(host, cache, default_index_url(host.environ))
        name, *_ = parse_wheel_filename(reference.wheel)
        page = index.page(name, make_target(TARGETS[reference.kind], python))
        assert page is not None
        row = next(row for row in page.wheels if row.filename == reference.wheel)
        blob = download_blob(row.url, reference.wheel, reference.sha256, host, cache)
    return blob.path
