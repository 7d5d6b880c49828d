"""One call by the wrapper itself, in the workspace's own Python: no worker between."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, cast, final

from ...runtime._mochi_wrap.wire import Codec
from ...runtime.client import WorkerError
from ...runtime.client.errors import make_error
from ..host import Host

_SCRIPT = "from _mochi_wrap.once import main; main()"


@final
class InProcess:
    """Calls functions of `workspace`, each in a Python of its own: objects do not outlive a call."""

    def __init__(self, host: Host, workspace: Path) -> None:
        self._host = host
        self._workspace = workspace
        self._codec = Codec("json", readers={"$handle": lambda text: Shown(text)})

    def call(self, target: str, *arguments: object, timeout: float | None = None) -> object:
        """Call a function and return its result, or raise as a worker does."""
        request = self._codec.encode({"method": target, "params": list(arguments)})
        python = self._host.venv_python(self._workspace / ".venv")
        command = [python, "-c", _SCRIPT]
        done = self._host.run(command, folder=self._workspace, input=request + b"\n", timeout=timeout)
        if done.returncode or not done.stdout:
            raise WorkerError(
                f"{target} has no result: Python ended with status {done.returncode}\n{done.stderr}"
            )
        answer: dict[str, object] = self._codec.decode(done.stdout.encode("utf-8", "surrogatepass"))
        if "error" in answer:
            raise make_error(target, cast(dict[str, Any], answer["error"]))
        return answer["result"]

    def __enter__(self) -> InProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing: nothing runs."""


@final
class Shown:
    """The text of an object that was in another process."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text
