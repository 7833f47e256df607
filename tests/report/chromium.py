"""Pages in headless Chromium, spoken to over pipes in the browser's own protocol (DevTools).

`--remote-debugging-pipe` reads commands from file descriptor 3 and writes answers and events to 4,
each a JSON text that ends in a null byte: no port, no websocket, no package.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SECONDS = 60.0  # a machine that is busy with other work is slow to start a browser


def find_browser() -> str | None:
    """The path of a Chromium, if there is one."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    """A browser with one window; used in a `with` block.

    Attributes:
        console: every line of the console, whatever its level, and every exception that no script
            caught, since `open`.
        requests: the addresses of everything that the page fetched, itself first.
    """

    def __init__(self) -> None:
        self.console: list[str] = []
        self.requests: list[str] = []
        self._number = itertools.count(1)
        self._answers: dict[int, dict[str, Any]] = {}
        self._read = b""
        self._profile = tempfile.mkdtemp(prefix="nasflow-chromium-")
        browser = find_browser()
        assert browser is not None
        command_out, self._commands = os.pipe()
        self._events, event_in = os.pipe()
        self._process = subprocess.Popen(
            [
                browser,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--enable-unsafe-swiftshader",
                "--hide-scrollbars",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                f"--user-data-dir={self._profile}",
                "--remote-debugging-pipe",
                "about:blank",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=lambda: _as_3_and_4(command_out, event_in),
            close_fds=False,
            start_new_session=True,
        )
        os.close(command_out)
        os.close(event_in)
        self._session: str | None = None
        (target,) = [
            t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page"
        ][:1]
        self._session = self.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._commands)
        os.close(self._events)
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)

    def open(self, path: Path, width: int = 1280, height: int = 900, ready: str = "true") -> None:
        """Show a file in a window of that size; returns once the expression `ready` is true."""
        address = path.resolve().as_uri()
        self.call("Page.navigate", url="about:blank")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.console.clear()
        self.requests.clear()
        self.call("Page.navigate", url=address)
        self.wait_for(
            f"location.href === {json.dumps(address)} && document.readyState === 'complete' &&"
            f" ({ready})"
        )

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The answer to a command of the protocol."""
        number = next(self._number)
        message = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + SECONDS
        while number not in self._answers:
            self._receive(deadline)
        answer = self._answers.pop(number)
        assert "result" in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, JSON only."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Return once a JavaScript expression is true."""
        deadline = time.monotonic() + SECONDS
        while not self.evaluate(expression):
            assert time.monotonic() < deadline, f"never true: {expression}; console: {self.console}"
            time.sleep(0.05)

    def move_to(self, x: float, y: float) -> None:
        """Move the pointer to a place in the window."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def screenshot(self, path: Path) -> None:
        """Write the whole page as a PNG."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        picture = self.call(
            "Page.captureScreenshot",
            captureBeyondViewport=True,
            clip={"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1},
        )
        path.write_bytes(base64.b64decode(picture["data"]))

    def _receive(self, deadline: float) -> None:
        ready, _, _ = select.select([self._events], [], [], max(0.0, deadline - time.monotonic()))
        part = os.read(self._events, 1 << 20) if ready else b""
        assert part, f"the browser is gone or silent (exit code {self._process.poll()})"
        *messages, self._read = (self._read + part).split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self._answers[message["id"]] = message
            else:
                self._event(message["method"], message["params"])

    def _event(self, method: str, what: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            self.console.append(str(what["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled":
            self.console.append(str(what["args"]))
        elif method == "Log.entryAdded":
            # of the browser on itself: without a graphics card it copies what WebGL drew
            if "GPU stall due to ReadPixels" not in what["entry"]["text"]:
                self.console.append(str(what["entry"]))
        elif method == "Network.requestWillBeSent":
            self.requests.append(what["request"]["url"])


def _as_3_and_4(commands: int, events: int) -> None:
    """Give the new process the two ends where it looks for them."""
    # via high numbers, since either may be 3 or 4
    high = [os.dup2(end, number) for end, number in ((commands, 103), (events, 104))]
    for end, number in zip(high, (3, 4), strict=True):
        os.dup2(end, number)
        os.close(end)
