"""Run Lighthouse over three pages of a running development stack. See scripts/lighthouse.sh."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

PORT = os.environ.get("AGGIOS_PORT", "8080")
WORKSPACE = f"acme.aggios.localhost:{PORT}"
# manage.py seed_demo prints this log-in.
EMAIL, PASSWORD = "ada@acme.example", "demo-password-42"
CATEGORIES = ("performance", "accessibility", "best-practices")
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def main(program: str, repetitions: int) -> int:
    """Print the best scores of each page; return 1 if a page could not be measured."""
    status = 0
    pages = {
        "front": (f"http://localhost:{PORT}/", ""),
        "login": (f"http://{WORKSPACE}/login", ""),
        "files": (f"http://{WORKSPACE}/files", log_in()),
    }
    for name, (url, cookie) in pages.items():
        tried = [_run(program, url, cookie) for _ in range(repetitions)]
        results = [one for one in tried if one]
        if not results:
            sys.stdout.write(f"{name:6} could not be measured\n")
            status = 1
            continue
        best = max(results, key=lambda one: one["scores"]["performance"])
        scores = "  ".join(f"{key} {value:3.0f}" for key, value in best["scores"].items())
        sys.stdout.write(f"{name:6} {scores}  {best['times']}\n")
        sys.stdout.flush()
    return status


def log_in() -> str:
    """Return the cookies of a person who has logged in."""
    headers = {"Host": WORKSPACE, "Accept": "text/html", "Origin": f"http://{WORKSPACE}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{PORT}", headers=headers, timeout=60) as client:
        token = TOKEN.search(client.get("/login").text)
        fields = {"email": EMAIL, "password": PASSWORD, "csrfmiddlewaretoken": token and token[1]}
        client.post("/login", data=fields)
        return "; ".join(f"{one.name}={one.value}" for one in client.cookies.jar)


def _run(program: str, url: str, cookie: str) -> dict[str, Any] | None:
    """Return scores and times, or None if Lighthouse failed, as on a machine that is too busy."""
    with tempfile.TemporaryDirectory() as folder:
        headers, report = Path(folder, "headers.json"), Path(folder, "report.json")
        headers.write_text(json.dumps({"Cookie": cookie} if cookie else {}))
        command = [
            *(program, url, "--quiet", "--output=json", f"--output-path={report}"),
            *(f"--only-categories={','.join(CATEGORIES)}", f"--extra-headers={headers}"),
            "--chrome-flags=--headless=new --no-sandbox",
        ]
        done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)  # noqa: S603
        if done.returncode:
            return None
        found = json.loads(report.read_text())
    if found["finalDisplayedUrl"] != url:
        raise SystemExit(f"{url} leads to {found['finalDisplayedUrl']}")
    scores = {name: found["categories"][name]["score"] * 100 for name in CATEGORIES}
    times = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time")
    shown = ", ".join(f"{name} {found['audits'][name]['displayValue']}" for name in times)
    return {"scores": scores, "times": shown}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
