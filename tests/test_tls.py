"""An index behind TLS: a trusted certificate works, any other is refused and explained."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from index_server import Index, build_wheel, offer, serve

from mochic_py.compiler.cache import Cache
from mochic_py.compiler.host import Host
from mochic_py.compiler.resolve.download import fetch_all
from mochic_py.compiler.resolve.resolver import InProcessResolver
from mochic_py.ir.diagnostics import DiagnosticError
from mochic_py.ir.dist import RegistryRequest, Requirement, Target

TARGET = Target("linux-x86_64", (3, 13))
AUTHORITY = trustme.CA()


@pytest.fixture
def index() -> Iterator[Index]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    with serve(context) as running:
        offer(running, build_wheel("box", "1.0"))
        yield running


def resolve(index: Index, folder: Path) -> list[str]:
    host = Host()
    cache = Cache(host, folder, "1.0")
    try:
        resolver = InProcessResolver(host, cache, index_url=index.url)
        pins = resolver.resolve([Requirement("box", RegistryRequest())], TARGET).pins
        return [f"{wheel.pin.name} {wheel.pin.version}" for wheel in fetch_all(pins, host, cache)]
    finally:
        host.close()


def test_a_trusted_authority(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "authority.pem"
    AUTHORITY.cert_pem.write_to_path(bundle)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert resolve(index, tmp_path / "cache") == ["box 1.0"]


def test_an_unknown_authority(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(bundle)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with pytest.raises(DiagnosticError) as caught:
        resolve(index, tmp_path / "cache")
    (problem,) = caught.value.diagnostics
    assert problem.code.code == "PY420"
    assert "certificate" in problem.message
    assert index.log == []
