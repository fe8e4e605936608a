"""A page in headless Chromium, for tests: the DevTools protocol over two pipes, with the standard library alone."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BROWSER: str | None = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe"]  # fmt: skip


class Page:
    """The tab of a browser of its own; `requests` and `errors` fill up while any method waits for its answer."""

    def __init__(self, pid: int, reading: int, writing: int) -> None:
        self.pid, self._reading, self._writing = pid, reading, writing
        self._rest, self._count, self._session = b"", 0, ""
        self.url, self._loaded = "about:blank", ""  # the id of the last document whose load event has fired
        self.requests: list[str] = []
        self.errors: list[str] = []
        target = self.call("Target.createTarget", url=self.url)
        self._session = self.call("Target.attachToTarget", **target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    def call(self, method: str, timeout: float = 60.0, **params: Any) -> Any:
        """The result of any DevTools command."""
        deadline, self._count = time.monotonic() + timeout, self._count + 1
        message = {"id": self._count, "method": method, "params": params}
        data = json.dumps(message | ({"sessionId": self._session} if self._session else {})).encode() + b"\0"
        while data:
            data = data[os.write(self._writing, data) :]
        while (answer := self._receive(deadline, method)).get("id") != self._count:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def goto(self, path_or_url: Path | str, timeout: float = 60.0) -> None:
        """Forget what was seen, go there, and wait for the load event and the fonts."""
        deadline, there = time.monotonic() + timeout, str(path_or_url)
        self.url = there if "://" in there else Path(there).resolve().as_uri()
        self.requests, self.errors = [], []
        gone = self.call("Page.navigate", timeout, url=self.url)
        if "errorText" in gone:
            raise RuntimeError(f"{self.url}: {gone['errorText']}")
        while self._loaded != gone["loaderId"]:
            self._receive(deadline, f"the load of {self.url}; it asked for {self.requests}")
        self.evaluate("document.fonts.ready.then(() => 0)")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited if it is a promise."""
        said = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in said:
            raise RuntimeError(_thrown(said))
        return said["result"].get("value")

    def emulate(self, width: int, height: int, mobile: bool = False) -> None:
        """A window of that many CSS pixels; `mobile` heeds the viewport meta, as phones do."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, mobile=mobile, deviceScaleFactor=1)

    def media(self, features: dict[str, str]) -> None:
        """{"media": "print", "prefers-color-scheme": "dark"}: the type of medium, and features of it."""
        named = [{"name": name, "value": value} for name, value in features.items() if name != "media"]
        self.call("Emulation.setEmulatedMedia", media=features.get("media", ""), features=named)

    def grey(self, deficiency: str = "achromatopsia") -> None:
        """Paint as an eye without colours sees; or "deuteranopia", "protanopia", ...; "none" ends it."""
        self.call("Emulation.setEmulatedVisionDeficiency", type=deficiency)

    def screenshot(self, path: Path, full: bool = True, clip: dict[str, float] | None = None) -> None:
        """A PNG of the whole page, of the window, or of `clip`: x, y, width and height on the page."""
        part = clip or (self.call("Page.getLayoutMetrics")["cssContentSize"] if full else None)
        how: dict[str, Any] = {"captureBeyondViewport": True, "clip": {**part, "scale": 1}} if part else {}
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", **how)["data"]))

    def pdf(self, path: Path) -> None:
        """The page in print, backgrounds and all, on the paper that its style sheet asks for."""
        how = {"printBackground": True, "preferCSSPageSize": True}
        path.write_bytes(base64.b64decode(self.call("Page.printToPDF", **how)["data"]))

    def _receive(self, deadline: float, what: str) -> Any:
        """The next message, noted where it tells of a request, an error or a load."""
        while b"\0" not in self._rest:
            if not select.select([self._reading], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError(f"time ran out during {what}")
            if not (chunk := os.read(self._reading, 1 << 20)):
                raise RuntimeError(f"the browser went away during {what}")
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(line)
        event, params = message.get("method"), message.get("params", {})
        if event == "Network.requestWillBeSent":
            url = params["request"]["url"]
            self.requests += [url] if url != self.url.partition("#")[0] and not url.startswith("data:") else []
        elif event == "Runtime.consoleAPICalled" and params["type"] in ("warning", "error", "assert"):
            self.errors.append(" ".join(str(a.get("value", a.get("description"))) for a in params["args"]))
        elif event == "Runtime.exceptionThrown":
            self.errors.append(_thrown(params))
        elif event == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(f"{params['entry']['text']} {params['entry'].get('url', '')}".strip())
        elif event == "Page.lifecycleEvent" and params["name"] == "load":
            self._loaded = params["loaderId"]
        elif event == "Inspector.targetCrashed":
            raise RuntimeError(f"the tab crashed during {what}")
        return message


def _thrown(params: dict[str, Any]) -> str:
    details = params["exceptionDetails"]
    return f"{details['text']} {details.get('exception', {}).get('description', '')}".strip()


@contextmanager
def open_page(
    path_or_url: Path | str, width: int, height: int, mobile: bool = False, media: dict[str, str] | None = None
) -> Iterator[Page]:
    """A browser that shows one page, and is gone afterwards whatever happens."""
    assert BROWSER, "Chromium is not installed"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        (hears, writing), (reading, says) = os.pipe(), os.pipe()
        files: list[tuple[Any, ...]] = [(os.POSIX_SPAWN_DUP2, hears, 3), (os.POSIX_SPAWN_DUP2, says, 4)]
        files += [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
        words, where = [BROWSER, *FLAGS, f"--user-data-dir={profile}"], os.environ | {"TMPDIR": profile}
        pid = os.posix_spawn(BROWSER, words, where, file_actions=files, setpgroup=0)
        os.close(hears)
        os.close(says)
        try:
            page = Page(pid, reading, writing)
            page.emulate(width, height, mobile)
            page.media(media or {})
            page.goto(path_or_url)
            yield page
        finally:
            os.killpg(pid, signal.SIGKILL)  # it and all that it started: nothing in its profile is worth a goodbye
            os.waitpid(pid, 0)
            os.close(writing)
            os.close(reading)
