"""A headless Chromium, driven through its own debugging protocol."""

import base64
import contextlib
import itertools
import json
import shutil
import tempfile
import time
import urllib.request
from pathlib import Path

import websocket

import children
from say import Stop, is_root

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless=new", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--disable-quic", "--remote-debugging-port=0"),
    "--remote-allow-origins=*",
)
PATIENCE = 40  # seconds for a page to be there


class Browser:
    """One browser with one page. Use it in a with statement."""

    def __init__(self):
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        if not program:
            raise Stop("No Chromium was found on this machine.")
        self._profile = Path(tempfile.mkdtemp(prefix="screens-"))
        root = ("--no-sandbox",) if is_root() else ()
        self._log = open(self._profile / "log", "wb")
        self._child = children.start(
            [program, *FLAGS, *root, f"--user-data-dir={self._profile}", "about:blank"],
            stdout=self._log,
            stderr=self._log,
        )
        self._numbers = itertools.count(1)
        self._page = websocket.create_connection(self._address(), timeout=PATIENCE)
        self.call("Page.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._page.close()
        children.stop(self._child)
        self._log.close()
        shutil.rmtree(self._profile, ignore_errors=True)

    def _address(self):
        """Where the page listens, once Chromium has written its port down."""
        port = self._profile / "DevToolsActivePort"
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, IndexError, StopIteration, ValueError):
                number = port.read_text().splitlines()[0]
                with urllib.request.urlopen(f"http://127.0.0.1:{number}/json") as list_:
                    pages = json.load(list_)
                return next(
                    page["webSocketDebuggerUrl"]
                    for page in pages
                    if page["type"] == "page"
                )
            time.sleep(0.1)
        raise Stop("Chromium did not start.")

    def call(self, method, **parameters):
        """Send one command and return its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        self._page.send(json.dumps(message))
        while True:
            answer = json.loads(self._page.recv())
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def run(self, script):
        """Run JavaScript in the page and return its value."""
        answer = self.call(
            "Runtime.evaluate",
            expression=script,
            returnByValue=True,
            awaitPromise=True,
        )
        return answer["result"].get("value")

    def cookie(self, address, name, value):
        """Set a cookie, such as the one of a session."""
        self.call("Network.setCookie", url=address, name=name, value=value)

    def size(self, width, height):
        """Set the size of the window, in pixels of a page; below 600 it is a phone."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def open(self, address, ready, patience=PATIENCE):
        """Open a page and wait until an element is there.

        :param str ready: a CSS selector
        """
        self.call("Page.navigate", url=address)
        self.wait(ready, patience)

    def wait(self, ready, patience=PATIENCE):
        """Wait until an element is there and pictures are loaded.

        :raise RuntimeError: when it does not come in time
        """
        there = f"document.querySelector({json.dumps(ready)}) !== null"
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if self.run(f"document.readyState === 'complete' && {there}"):
                time.sleep(0.7)  # what is drawn after its data
                return
            time.sleep(0.2)
        raise RuntimeError(f"{self.run('location.href')}: no {ready}")

    def press(self, selector, text=None):
        """Press the first element of a selector, or the first with a text."""
        holds = f"&& each.textContent.includes({json.dumps(text)})" if text else ""
        found = self.run(
            f"(() => {{ const found = [...document.querySelectorAll("
            f"{json.dumps(selector)})].find((each) => true {holds});"
            f" if (found) found.click(); return Boolean(found); }})()"
        )
        if not found:
            raise RuntimeError(f"nothing to press: {selector} {text or ''}")

    def picture(self, path, whole_page=False):
        """Take a picture of what is seen, or of the whole page."""
        options = {"captureBeyondViewport": True} if whole_page else {}
        if whole_page:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"]}
            options["clip"] = {**clip, "scale": 1}
        answer = self.call("Page.captureScreenshot", format="png", **options)
        Path(path).write_bytes(base64.b64decode(answer["data"]))
