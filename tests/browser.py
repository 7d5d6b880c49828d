"""A headless browser, driven over the DevTools protocol on a pipe (no port, no driver program)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, final

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_TIMEOUT_MS = 20_000
_PATIENCE = 20.0


def find_browser() -> str | None:
    """Return the path of a browser of the Chromium family, or None."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@final
class Page:
    """One open page. `evaluate` gives the value of an expression in it."""

    def __init__(self, commands: int, replies: int) -> None:
        self._commands = commands
        self._replies = replies
        self._buffer = b""
        self._number = 0
        self._session = ""
        target = self._send("Target.createTarget", {"url": "about:blank"})["targetId"]
        attached = self._send("Target.attachToTarget", {"targetId": target, "flatten": True})
        self._session = attached["sessionId"]
        self._send(
            "Emulation.setDeviceMetricsOverride",
            {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False},
        )

    def open(self, file: Path) -> None:
        """Load a file and wait until its script has run."""
        self._send("Page.navigate", {"url": file.as_uri()})
        # Asked again and again, as a navigation takes the context of a question away.
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if self._evaluate("document.documentElement?.dataset.ready === 'true'"):
                return
            time.sleep(0.01)
        raise AssertionError("the page's script has not come to its end")

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401  -- any JSON value
        """Return the value of `expression`; an exception in it fails the test."""
        return self._evaluate(expression)

    def click(self, selector: str) -> None:
        """Click with the mouse in the middle of the first element that `selector` finds."""
        box = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
        x, y = self.evaluate(f"(box => [box.x + box.width / 2, box.y + box.height / 2])({box})")
        for kind in ("mousePressed", "mouseReleased"):
            event = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
            self._send("Input.dispatchMouseEvent", event)

    def type(self, text: str) -> None:
        """Type `text` where the focus is."""
        self._send("Input.insertText", {"text": text})

    def press(self, key: str) -> None:
        """Press a key that has no text, such as `ArrowDown`, or one with, such as `/`."""
        code = {"ArrowDown": 40, "ArrowUp": 38, "Escape": 27, "/": 191}[key]
        event: dict[str, Any] = {"key": key, "windowsVirtualKeyCode": code}
        self._send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **event})
        self._send("Input.dispatchKeyEvent", {"type": "keyUp", **event})

    def _evaluate(self, expression: str) -> Any:  # noqa: ANN401  -- any JSON value
        asked = {
            "expression": expression,
            "returnByValue": True,
            "awaitPromise": True,
            "timeout": _TIMEOUT_MS,
        }
        reply = self._send("Runtime.evaluate", asked)
        assert "exceptionDetails" not in reply, reply["exceptionDetails"]
        return reply["result"].get("value")

    def _send(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            reply = self._read()
            if reply.get("id") == self._number:
                assert "error" not in reply, reply["error"]
                result = reply["result"]
                assert isinstance(result, dict)
                return result

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            chunk = os.read(self._replies, 1 << 16)
            assert chunk, "the browser has ended"
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        decoded = json.loads(message)
        assert isinstance(decoded, dict)
        return decoded


@contextmanager
def open_browser(program: str, profile: Path) -> Iterator[Page]:
    """Start a browser with a new profile and give its page; it ends with the context."""
    their_input, our_output = os.pipe()
    our_input, their_output = os.pipe()
    # The protocol has fixed descriptors: 3 to read from, 4 to write to.
    script = f'exec "$@" 3<&{their_input} 4>&{their_output}'
    arguments = [
        *(
            program,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
        ),
        *("--disable-background-networking", "--remote-debugging-pipe", f"--user-data-dir={profile}"),
    ]
    process = subprocess.Popen(
        ["/bin/bash", "-c", script, "browser", *arguments],
        pass_fds=(their_input, their_output),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(their_input)
    os.close(their_output)
    try:
        yield Page(our_output, our_input)
    finally:
        process.terminate()
        process.wait(20)
        os.close(our_output)
        os.close(our_input)
