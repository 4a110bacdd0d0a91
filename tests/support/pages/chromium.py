"""Chromium for tests: finds the installed program and drives it with Playwright."""

import asyncio
import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING
from unittest.mock import patch

if TYPE_CHECKING:
    from playwright.sync_api import Browser as Chromium

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_BROWSER = "no browser is installed (scripts/install-browser.sh installs one)"
NO_PLAYWRIGHT = "the package playwright is not installed (requirements-dev.txt)"
# Every name leads to this machine: custom domains of tenants are served here, and a request to
# another site does not leave it.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * 127.0.0.1",
)
TIMEOUT_MILLISECONDS = 60_000


def find_chromium() -> str:
    """Return the program's path, or an empty string. The variable CHROMIUM replaces the search."""
    names = (os.environ["CHROMIUM"],) if "CHROMIUM" in os.environ else PROGRAMS
    return next((path for name in names if (path := shutil.which(name))), "")


def why_no_browser() -> str:
    """Return why tests with a browser cannot run; empty if they can."""
    if not find_chromium():
        return NO_BROWSER
    return "" if importlib.util.find_spec("playwright") else NO_PLAYWRIGHT


class Driver:
    """Playwright and one Chromium.

    The synchronous API of Playwright runs an event loop in this thread and leaves it marked as
    running between calls. Django refuses queries in a thread with a running loop, and
    ``asyncio.run`` in other tests would fail, so the mark exists only inside ``in_use()``, where
    Django does not see it.
    """

    def __init__(self) -> None:
        from playwright.sync_api import expect, sync_playwright

        self._playwright = sync_playwright().start()
        self._loop = asyncio.get_running_loop()
        expect.set_options(timeout=TIMEOUT_MILLISECONDS)
        self.chromium: Chromium = self._playwright.chromium.launch(
            executable_path=find_chromium(),
            args=list(FLAGS),
            timeout=3 * TIMEOUT_MILLISECONDS,
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )
        asyncio._set_running_loop(None)

    @contextmanager
    def in_use(self) -> Iterator["Chromium"]:
        """Let the code inside call Playwright and Django."""
        unseen = SimpleNamespace(get_running_loop=self._other_loop)
        asyncio._set_running_loop(self._loop)
        try:
            with (
                patch("asgiref.local.asyncio", unseen),
                patch("django.utils.asyncio.get_running_loop", self._other_loop),
            ):
                yield self.chromium
        finally:
            asyncio._set_running_loop(None)

    def close(self) -> None:
        """End Chromium and Playwright."""
        with self.in_use():
            self.chromium.close()
            self._playwright.stop()

    def _other_loop(self) -> asyncio.AbstractEventLoop:
        """Return the running loop. Raises: RuntimeError if there is none but Playwright's."""
        loop = asyncio.get_running_loop()
        if loop is self._loop:
            raise RuntimeError("no running event loop")
        return loop
