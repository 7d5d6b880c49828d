"""Pages, metadata and downloads, from an index that misbehaves on request."""

from __future__ import annotations

import email.utils
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve
from index_server import JSON, Index, build_wheel, offer, serve

from mochic_py.compiler.cache import Cache
from mochic_py.compiler.host import Host
from mochic_py.compiler.http import redact, split_credentials
from mochic_py.compiler.resolve.candidates import list_releases
from mochic_py.compiler.resolve.download import fetch, fetch_all
from mochic_py.compiler.resolve.index import DEFAULT_INDEX, IndexClient, default_index_url
from mochic_py.compiler.resolve.metadata_fetch import fetch_metadata
from mochic_py.compiler.resolve.pages import FileRow, Page, PageError, decode_page, parse_page
from mochic_py.compiler.resolve.tags import wheel_tags
from mochic_py.ir.diagnostics import DiagnosticError
from mochic_py.ir.dist import DistFile, FileKind, Hashes, IndexSource, Pin, Target

TARGET = Target("linux-x86_64", (3, 13))
TAGS = wheel_tags(TARGET)
URL = "https://index.test/simple/pkg/"


class TestHost(Host):
    """A host that does not wait, but notes for how long it was to."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__(environ={})
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Note `seconds`."""
        self.slept.append(seconds)


@pytest.fixture
def index() -> Iterator[Index]:
    with serve() as running:
        yield running


@pytest.fixture
def host() -> Iterator[TestHost]:
    made = TestHost()
    yield made
    made.close()


@pytest.fixture
def cache(host: TestHost, tmp_path: Path) -> Cache:
    return Cache(host, tmp_path / "cache", "1.0")


def _row(index: Index, filename: str, sha256: str, **changes: object) -> FileRow:
    url = index.url.removesuffix("/simple") + f"/files/{filename}"
    row = FileRow(filename, url, "1.0", "py3-none-any", sha256, "", None, None, "", "")
    return row._replace(**changes)


def _pin(row: FileRow) -> Pin:
    source = IndexSource("default", row.url)
    return Pin("pkg", "1.0", DistFile(row.filename, FileKind.WHEEL, source, Hashes(row.sha256)))


def _code(caught: pytest.ExceptionInfo[DiagnosticError]) -> str:
    (diagnostic,) = caught.value.diagnostics
    return diagnostic.code.code


def _listed(index: Index, host: Host, cache: Cache) -> Page:
    page = IndexClient(host, cache, index.url).page("pkg", TARGET)
    assert page is not None
    return page


# Pages


def test_both_formats_say_the_same(index: Index, host: TestHost, tmp_path: Path) -> None:
    plain, moment = build_wheel("pkg", "1.0"), "2026-01-01T00:00:00Z"
    offer(index, plain, requires_python=">=3.8,<4", sidecar=plain.metadata, upload_time=moment)
    offer(index, build_wheel("pkg", "1.1"), yanked='bad & "ugly"')
    offer(index, build_wheel("pkg", "1.2+local.1"), yanked="")
    offer(index, build_wheel("pkg", "2.0", tag="cp313-cp313-win_amd64"))
    offer(index, build_wheel("pkg", "3.0"), sha256="md5")
    offer(index, build_wheel("pkg", "4.0"), sha256="")
    pages = []
    for json in (True, False):
        index.json = json
        pages.append(_listed(index, host, Cache(host, tmp_path / str(json), "1")))
    without_size = tuple(row._replace(size=None) for row in pages[0].wheels)
    assert pages[0]._replace(wheels=without_size) == pages[1]
    assert [(r.version, r.requires_python, r.yanked, r.upload_time) for r in pages[1].wheels] == [
        ("1.0", ">=3.8,<4", None, moment),
        ("1.1", "", 'bad & "ugly"', ""),
        ("1.2+local.1", "", "", ""),
        ("4.0", "", None, ""),
    ]
    assert pages[1].unusable == ("2.0",)
    assert pages[1].advertises
    assert pages[0].wheels[0].size == len(plain.content)


@pytest.mark.parametrize(
    ("anchor", "expected"),
    [
        ('<a href="pkg-1.0-py3-none-any.whl">', URL + "pkg-1.0-py3-none-any.whl"),
        ('<a href="/f/pkg-1.0-py3-none-any.whl#sha256=' + "A" * 64 + '">', "https://index.test/f/pkg-1.0-py3-none-any.whl"),
        ('<a href="//cdn.test/pkg-1.0-py3-none-any.whl">', "https://cdn.test/pkg-1.0-py3-none-any.whl"),
        ("<a href='pkg-1.0-py3-none-any.whl'>", URL + "pkg-1.0-py3-none-any.whl"),
        ('<A class="x" HREF="pkg-1.0-py3-none-any.whl">', URL + "pkg-1.0-py3-none-any.whl"),
        ('<a\n href="pkg-1.0-py3-none-any.whl"\n>', URL + "pkg-1.0-py3-none-any.whl"),
        ('<a href="pkg-1.0-py3-none-any.whl?a=1&amp;b=2">', URL + "pkg-1.0-py3-none-any.whl?a=1&b=2"),
        ('<a href="PKG-1.0-py3-none-any.whl" data-requires-python=">=3">', URL + "PKG-1.0-py3-none-any.whl"),
        ('<base href="https://base.test/d/"><a href="pkg-1.0-py3-none-any.whl">',
         "https://base.test/d/pkg-1.0-py3-none-any.whl"),
    ],
)  # fmt: skip
def test_anchors_of_every_form(anchor: str, expected: str) -> None:
    page = parse_page(f"<html>{anchor}text</a>".encode(), "text/html", URL, "pkg", TAGS)
    assert [row.url for row in page.wheels] == [expected]


@pytest.mark.parametrize(
    "filename",
    [
        "other-1.0-py3-none-any.whl",
        "pkg-1.0.whl",
        "pkg-py3-none-any.whl",
        "pkg-1.0-py2-none-any.whl",
        "pkg-1.0.egg",
        "pkg-1.0.tar.bz2",
        "pkg.tar.gz",
        "../",
    ],
)
def test_files_that_are_no_candidates(filename: str) -> None:
    page = parse_page(f'<a href="{filename}">x</a>'.encode(), "text/html", URL, "pkg", TAGS)
    assert (page.wheels, page.sdists) == ((), ())


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, b"not json"),
        (JSON, b"[]"),
        (
            f"{JSON}; charset=utf-8",
            b'{"meta": {"api-version": "2.0"}, "files": []}',
        ),
        (
            JSON,
            b'{"meta": {"api-version": "1.0"}, "files": [{"filename": 3}]}',
        ),
        ("text/html", b'<meta name="pypi:repository-version" content="2.0">'),
    ],
)
def test_a_page_that_cannot_be_read(content_type: str, body: bytes) -> None:
    with pytest.raises(PageError):
        parse_page(body, content_type, URL, "pkg", TAGS)


def test_pages_survive_encoding(index: Index, host: TestHost, cache: Cache) -> None:
    offer(index, build_wheel("pkg", "1.0"), yanked="why é")
    page = _listed(index, host, cache)
    assert decode_page(page.encode()) == page


def test_a_page_is_kept_for_ten_minutes(index: Index, host: TestHost, cache: Cache) -> None:
    offer(index, build_wheel("pkg", "1.0"))
    client = IndexClient(host, cache, index.url)
    first = client.page("pkg", TARGET)
    offer(index, build_wheel("pkg", "2.0"))
    assert client.page("pkg", TARGET) == first
    assert index.count("/pkg/") == 1
    assert IndexClient(host, cache, index.url, refresh=True).page("pkg", TARGET) != first
    index.files.clear()
    refreshed = IndexClient(host, cache, index.url, offline=True).page("pkg", TARGET)
    assert refreshed is not None
    assert len(refreshed.wheels) == 2


def test_offline_without_a_page_is_an_error(index: Index, host: TestHost, cache: Cache) -> None:
    with pytest.raises(DiagnosticError) as caught:
        IndexClient(host, cache, index.url, offline=True).page("pkg", TARGET)
    assert _code(caught) == "PY421"
    assert index.log == []


def test_a_name_the_index_does_not_have(index: Index, host: TestHost, cache: Cache) -> None:
    assert IndexClient(host, cache, index.url).page("nothing", TARGET) is None


def test_no_server_is_a_diagnostic(host: TestHost, cache: Cache) -> None:
    with serve() as gone:
        url = gone.url
    with pytest.raises(DiagnosticError) as caught:
        IndexClient(host, cache, url).page("pkg", TARGET)
    assert _code(caught) == "PY420"
    assert len(host.slept) == 3


@pytest.mark.parametrize("status", [401, 403, 400, 418])
def test_a_refusal_is_a_diagnostic(index: Index, host: TestHost, cache: Cache, status: int) -> None:
    offer(index, build_wheel("pkg", "1.0"))
    index.failures.append((status, {}))
    with pytest.raises(DiagnosticError) as caught:
        IndexClient(host, cache, index.url).page("pkg", TARGET)
    assert _code(caught) == "PY420"
    assert str(status) in caught.value.diagnostics[0].message


def test_a_busy_server_is_asked_again_after_the_time_it_names(
    index: Index, host: TestHost, cache: Cache
) -> None:
    offer(index, build_wheel("pkg", "1.0"))
    later = email.utils.formatdate(host.now() + 12, usegmt=True)
    index.failures += [(429, {"Retry-After": "7"}), (503, {"Retry-After": later}), (503, {})]
    assert len(_listed(index, host, cache).wheels) == 1
    assert host.slept[0] == 7.0
    assert host.slept[1] == pytest.approx(12, abs=2)
    assert host.slept[2] == pytest.approx(0.8)


def test_a_server_that_stays_busy_is_a_diagnostic(index: Index, host: TestHost, cache: Cache) -> None:
    index.failures += [(503, {"Retry-After": "9999"})] * 4
    with pytest.raises(DiagnosticError) as caught:
        IndexClient(host, cache, index.url).page("pkg", TARGET)
    assert _code(caught) == "PY420"
    assert max(host.slept) <= 30


def test_credentials_go_to_their_origin_only(index: Index, host: TestHost, cache: Cache) -> None:
    with serve() as elsewhere:
        built = build_wheel("pkg", "1.0")
        offer(index, built)
        offer(elsewhere, built)
        index.redirect_files_to = elsewhere.url.removesuffix("/simple")
        client = IndexClient(host, cache, index.url.replace("//", "//user:s%20ecret@"))
        page = client.page("pkg", TARGET)
        assert page is not None
        wheel = fetch(_pin(page.wheels[0]), host, cache)
        assert wheel.path.read_bytes() == built.content
        assert set(index.authorizations) == {"Basic dXNlcjpzIGVjcmV0"}
        assert elsewhere.authorizations == [None]
    assert "user" not in client.url
    kept = b"".join(path.read_bytes() for path in cache.root.rglob("*") if path.is_file())
    assert b"ecret" not in kept


def test_credentials_are_not_shown() -> None:
    assert redact("https://u:p@h.test:8/a?token=x#y") == "https://h.test:8/a"
    assert split_credentials("https://u%40:p%3A@h.test/") == ("https://h.test/", "u@", "p:")


@pytest.mark.parametrize(
    "url", ["http://u:p@[", "u:p@h.test/simple", "http://u:p@/x", "http://u:p@h.test:x/"]
)
def test_an_address_that_is_none(url: str, host: TestHost, cache: Cache) -> None:
    with pytest.raises(DiagnosticError) as caught:
        IndexClient(host, cache, url).page("pkg", TARGET)
    assert _code(caught) == "PY420"
    assert "u:p" not in caught.value.diagnostics[0].message


@pytest.mark.parametrize("target", ["http://[::z]/", "http://h.test:x/"])
def test_a_redirect_to_no_address(index: Index, host: TestHost, cache: Cache, target: str) -> None:
    index.failures = [(302, {"Location": target})]
    with pytest.raises(DiagnosticError) as caught:
        IndexClient(host, cache, index.url).page("pkg", TARGET)
    assert _code(caught) == "PY420"


def test_an_answer_with_damaged_compression_is_asked_for_again(
    index: Index, host: TestHost, cache: Cache
) -> None:
    offer(index, build_wheel("pkg", "1.0"))
    index.failures = [(200, {"Content-Encoding": "gzip"})]
    assert len(_listed(index, host, cache).wheels) == 1
    index.failures = [(200, {"Content-Encoding": "gzip"})] * 4
    with pytest.raises(DiagnosticError) as caught:
        IndexClient(host, cache, index.url, refresh=True).page("pkg", TARGET)
    assert _code(caught) == "PY420"


def test_which_index_is_used() -> None:
    assert default_index_url({}) == DEFAULT_INDEX
    assert default_index_url({"MOCHIC_INDEX_URL": "https://a.test"}) == "https://a.test"
    assert default_index_url({"MOCHIC_INDEX_URL": "https://a.test"}, "https://b.test") == "https://b.test"


def test_the_best_wheel_of_each_version() -> None:
    names = [
        "pkg-1.0-py3-none-any.whl",
        "pkg-1.0-cp313-cp313-manylinux_2_17_x86_64.whl",
        "pkg-1.0-cp39-abi3-manylinux_2_17_x86_64.whl",
        "pkg-1.10-py3-none-any.whl",
        "pkg-1.10-2-py3-none-any.whl",
        "pkg-1.10-10a-py3-none-any.whl",
        "pkg-1.9-py3-none-any.whl",
        "pkg-3.0rc1-py3-none-any.whl",
        "pkg-nonsense-py3-none-any.whl",
    ]
    text = "".join(f'<a href="{name}">{name}</a>' for name in names)
    text += '<a href="pkg-2.0-py3-none-any.whl" data-requires-python="&lt;3.13">x</a>'
    text += '<a href="pkg-0.9.tar.gz">x</a><a href="pkg-1.0.tar.gz">x</a>'
    page = parse_page(text.encode(), "text/html", URL, "pkg", TAGS)
    releases = list_releases("pkg", page, TAGS, "3.13.0", "default")
    assert [release.row.filename for release in releases.usable] == [names[7], names[5], names[6], names[1]]
    assert (releases.other_python, releases.sdist_only) == (("2.0",), ("0.9",))


# Metadata


@pytest.mark.parametrize("advertised", [True, False])
def test_metadata_from_the_sidecar(index: Index, host: TestHost, cache: Cache, advertised: bool) -> None:
    built = build_wheel("pkg", "1.0")
    offer(index, built, sidecar=built.metadata, advertise=advertised)
    page = _listed(index, host, cache)
    content = fetch_metadata(page.wheels[0], host, cache, advertised=page.advertises, offline=False)
    assert content == built.metadata
    assert index.count(".whl") == 0
    again = fetch_metadata(page.wheels[0], host, cache, advertised=page.advertises, offline=True)
    assert again == built.metadata


@pytest.mark.parametrize("size", [10, 20_000, 200_000])
@pytest.mark.parametrize("entries", [1, 2_000])
def test_metadata_from_the_tail(index: Index, host: TestHost, cache: Cache, size: int, entries: int) -> None:
    import random

    noise = random.Random(1).randbytes(size)
    files = {f"pkg/module_{n}.py": noise[n : n + size // entries] for n in range(entries)}
    built = build_wheel("pkg", "1.0", files=files)
    offer(index, built)
    page = _listed(index, host, cache)
    content = fetch_metadata(page.wheels[0], host, cache, advertised=False, offline=False)
    assert content == built.metadata
    asked = [line for line in index.log if ".whl " in line]
    assert asked
    assert all("bytes=" in line for line in asked)
    assert len(asked) <= 4


@pytest.mark.parametrize("ranges", [True, False])
def test_metadata_from_the_whole_file(index: Index, host: TestHost, cache: Cache, ranges: bool) -> None:
    built = build_wheel("pkg", "1.0")
    offer(index, built, sidecar=b"<html>not metadata</html>", advertise=False)
    index.ranges = ranges
    page = _listed(index, host, cache)
    row = page.wheels[0]
    assert fetch_metadata(row, host, cache, advertised=False, offline=False) == built.metadata
    assert (cache.find_blob(row.sha256) is None) == ranges


def test_a_sidecar_with_another_digest_is_not_believed(index: Index, host: TestHost, cache: Cache) -> None:
    built = build_wheel("pkg", "1.0")
    offer(index, built, sidecar=b"Metadata-Version: 2.1\nName: pkg\nVersion: 6.6.6\n")
    row = _listed(index, host, cache).wheels[0]._replace(metadata="0" * 64)
    assert fetch_metadata(row, host, cache, advertised=True, offline=False) == built.metadata


def test_metadata_of_a_broken_wheel_is_a_diagnostic(index: Index, host: TestHost, cache: Cache) -> None:
    offer(index, evolve(build_wheel("pkg", "1.0"), content=b"PK not a wheel" * 10))
    row = _listed(index, host, cache).wheels[0]
    with pytest.raises(DiagnosticError) as caught:
        fetch_metadata(row, host, cache, advertised=False, offline=False)
    assert _code(caught) == "PY429"


# Downloads


def test_a_download_is_kept(index: Index, host: TestHost, cache: Cache) -> None:
    built = build_wheel("pkg", "1.0")
    offer(index, built)
    pin = _pin(_listed(index, host, cache).wheels[0])
    wheel = fetch(pin, host, cache)
    assert wheel.path.read_bytes() == built.content
    assert (wheel.hashes.sha256, len(wheel.hashes.blake3), wheel.size) == (
        pin.file.hashes.sha256,
        64,
        len(built.content),
    )
    assert fetch(pin, host, cache, offline=True) == wheel
    assert index.count(".whl") == 1


def test_a_damaged_file_in_the_cache_is_fetched_again(index: Index, host: TestHost, tmp_path: Path) -> None:
    built = build_wheel("pkg", "1.0")
    offer(index, built)
    first = Cache(host, tmp_path, "1")
    pin = _pin(_listed(index, host, first).wheels[0])
    fetch(pin, host, first).path.write_bytes(b"damaged")
    assert fetch(pin, host, Cache(host, tmp_path, "1")).path.read_bytes() == built.content
    assert index.count(".whl") == 2


@pytest.mark.parametrize(("broken", "works"), [(1, True), (2, True), (3, False)])
def test_a_broken_download_is_tried_again(
    index: Index, host: TestHost, cache: Cache, broken: int, works: bool
) -> None:
    built = build_wheel("pkg", "1.0", files={"pkg/a.py": bytes(range(256)) * 500})
    offer(index, built)
    pin = _pin(_listed(index, host, cache).wheels[0])
    index.truncate = broken
    if works:
        assert fetch(pin, host, cache).path.read_bytes() == built.content
        return
    with pytest.raises(DiagnosticError) as caught:
        fetch(pin, host, cache)
    assert _code(caught) == "PY420"
    assert not [path for path in (cache.root / "blobs").rglob("*") if path.is_file()]


def test_other_content_than_promised_is_an_error(index: Index, host: TestHost, cache: Cache) -> None:
    built = build_wheel("pkg", "1.0")
    offer(index, built, sha256="ab" * 32)
    pin = _pin(_listed(index, host, cache).wheels[0])
    with pytest.raises(DiagnosticError) as caught:
        fetch(pin, host, cache)
    assert _code(caught) == "PY427"
    assert caught.value.diagnostics[0].notes[0] == "expected sha256 " + "ab" * 32
    assert not [path for path in (cache.root / "blobs").rglob("*") if path.is_file()]


def test_a_file_without_digest_gets_one(index: Index, host: TestHost, cache: Cache) -> None:
    offer(index, build_wheel("pkg", "1.0"), sha256="")
    wheel = fetch(_pin(_listed(index, host, cache).wheels[0]), host, cache)
    assert len(wheel.hashes.sha256) == 64


def test_many_files_at_once_keep_their_order(index: Index, host: TestHost, cache: Cache) -> None:
    index.delay = 0.01
    built = [build_wheel("pkg", f"1.{n}") for n in range(20)]
    for one in built:
        offer(index, one)
    rows = _listed(index, host, cache).wheels
    seen: list[str] = []
    wheels = fetch_all(
        [_pin(row) for row in rows], host, cache, done=lambda w: seen.append(w.pin.file.filename)
    )
    assert [wheel.path.read_bytes() for wheel in wheels] == [one.content for one in built]
    assert sorted(seen) == sorted(one.filename for one in built)


def test_one_failure_of_many_is_raised(index: Index, host: TestHost, cache: Cache) -> None:
    offer(index, build_wheel("pkg", "1.0"))
    row = _listed(index, host, cache).wheels[0]
    gone = _row(index, "pkg-9-py3-none-any.whl", "cd" * 32, url=row.url.replace("/files/", "/gone/"))
    with pytest.raises(DiagnosticError) as caught:
        fetch_all([_pin(row), _pin(gone), _pin(row)], host, cache)
    assert _code(caught) == "PY420"
