"""Whatever value goes through a host program, in C or in Go, comes back as it was."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import embedding
import pytest
from hypothesis import HealthCheck, given, settings
from test_worker_wire import VALUES, canonical

from mochic_py.compiler.embedded_host import build_host
from mochic_py.compiler.host import Host
from mochic_py.runtime._mochi_wrap.wire_types import make_record
from mochic_py.runtime.client.errors import RemoteError, WorkerError
from mochic_py.runtime.client.worker import Worker

LIMITS = {
    "max_examples": 300,
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture],
}


@functools.cache
def build_go_host(workspace: Path) -> Path:
    done = embedding.run_go(["build", "-o", "host", "./mochi_host"], workspace / "go")
    assert done.returncode == 0, done.stderr
    return workspace / "go" / "host"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return embedding.make_workspace(tmp_path_factory.mktemp("values"), embedding.require_python("3.13"))


@pytest.fixture(
    scope="module",
    params=["C", pytest.param("Go", marks=pytest.mark.slow)],
)
def host(request: pytest.FixtureRequest, workspace: Path) -> Iterator[Worker]:
    program = build_host(Host()) if request.param == "C" else build_go_host(workspace)
    worker = Worker(workspace, python=str(program))
    # A call that is never answered fails the test.
    patient = functools.partial(Worker.call, worker, timeout=60.0)
    worker.call = patient  # type: ignore[method-assign]
    yield worker
    worker.close()


@settings(**LIMITS)
@given(VALUES)
def test_values_come_back(host: Worker, value: object) -> None:
    assert canonical(host.call("shop.same_any", value)) == canonical(value)


def test_large_values_come_back(host: Worker) -> None:
    for value in ("ä€🐍" * 100_000, b"\0\1" * 500_000, list(range(200_000)), 7**20_000):
        assert host.call("shop.same_any", value) == value


def test_calls_of_every_kind(host: Worker) -> None:
    call = host.call
    assert call("shop.each", [1, 2], lambda value: call("shop.same_int", value * 2)) == [2, 4]
    assert call("shop.adder", 2)(3) == 5
    assert list(call("shop.ticks", 3)) == [1, 2, 3]
    assert call("shop.later_sync", 3) == 3
    assert call("shop.IntIterator_rest", call("shop.count_to_iter", 3)) == [1, 2, 3]
    assert call("shop.opposite", make_record("Color_RED", {}, True)) == make_record("Color_GREEN", {}, True)
    point = call("shop.moved", call("shop.Point_new", 1.0, 2.0), 3.0)
    assert point == make_record("Point", {"x": 4.0, "y": 5.0, "name": None})
    assert call("shop.total", iter([1, 2, 3])) == 6
    assert call("shop.total", (call("shop.same_int", each) for each in (4, 5))) == 9
    cart = call("shop.Cart_new", "me")
    assert call("shop.Cart_add", cart, "bread") == 1
    assert call("shop.elsewhere", lambda value: value + 1, 1) == 2


def test_errors_are_told_as_they_are(host: Worker) -> None:
    with pytest.raises(RemoteError) as caught:
        host.call("shop.fails", "bread")
    assert caught.value.type == "shop.OutOfStockError"
    assert caught.value.is_a("LookupError")
    assert "KeyError: 'bread'" in caught.value.format()
    with pytest.raises(RemoteError) as caught:
        host.call("shop.each", [1], lambda value: value / 0)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    with pytest.raises(WorkerError, match="shop binds no function nothing"):
        host.call("shop.nothing_of_the_kind")
    with pytest.raises(RemoteError, match="nested too deeply"):
        host.call("shop.circle")
    assert host.call("shop.same_int", 1) == 1


def test_what_is_dropped_is_forgotten(host: Worker) -> None:
    carts = [host.call("shop.Cart_new", "me") for _ in range(10)]
    assert host.call("shop.live_carts") >= 10
    del carts
    host.call("shop.same_int", 1)
    assert host.call("shop.live_carts") <= 1


def test_what_is_printed_does_not_disturb(host: Worker, capfd: pytest.CaptureFixture[str]) -> None:
    host.call("shop.say", "hello\n")
    assert host.call("shop.same_string", "x") == "x"
