"""An upload client that repeats every step until it succeeds, whatever is killed."""

import hashlib
import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.support.files.direct_uploads import UPLOADS, post_upload
from tests.support.http_client import Host, Site

RETRY_SECONDS = 60
PAUSE = 0.2


def retry_until(ask: Callable[[], httpx.Response], *wanted: int) -> httpx.Response:
    """Repeat a request until it has one of these statuses; retry on 5xx and lost connections."""
    deadline = time.monotonic() + RETRY_SECONDS
    while True:
        try:
            response = ask()
        except httpx.HTTPError as exc:
            said = repr(exc)
        else:
            if response.status_code in wanted:
                return response
            said = response.text
            assert response.status_code >= 500, said
        assert time.monotonic() < deadline, said
        time.sleep(PAUSE)


class UploadClient:
    """One direct upload, step by step; each step can be repeated."""

    def __init__(self, site: Site, at: Host, name: str, data: bytes) -> None:
        self.site, self.at, self.name, self.data = site, at, name, data
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.begun: dict[str, Any] = {}

    @property
    def where(self) -> str:
        """The path of the upload."""
        return f"{UPLOADS}/{self.begun['id']}"

    def create(self) -> None:
        """Create the upload."""
        fields = {"sha256": self.sha256}
        ask = lambda: post_upload(self.at, self.name, len(self.data), **fields)  # noqa: E731
        self.begun = retry_until(ask, 201).json()

    def send(self, *numbers: int) -> None:
        """Send parts: those given, or all."""
        wanted = list(numbers) or list(range(1, self.begun["part_count"] + 1))
        ask = lambda: self.at.post(f"{self.where}/parts", {"numbers": wanted})  # noqa: E731
        signed = retry_until(ask, 200).json()
        for number, url in zip(wanted, signed["urls"], strict=True):
            self._put(url, self._part(number), signed["headers"])

    def _put(self, url: str, data: bytes, headers: dict[str, str]) -> None:
        retry_until(lambda: self.site.fetch(url, "PUT", content=data, headers=headers), 200)

    def _part(self, number: int) -> bytes:
        size = self.begun["part_size"]
        return self.data[(number - 1) * size : number * size]

    def ask_to_complete(self) -> httpx.Response:
        """Request the completion once."""
        return self.at.post(f"{self.where}/complete")

    def finish(self) -> dict[str, Any]:
        """Send what the store does not have, complete the upload, and return the file."""
        while True:
            response = retry_until(self.ask_to_complete, 201, 409)
            if response.status_code == 201:
                return response.json()
            assert response.json()["code"] == "upload_incomplete", response.text
            self.send(*response.json()["missing"])
