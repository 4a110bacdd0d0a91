"""traefik/entrypoint.sh: rendered configuration, refused environments, private credentials."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.traefik_edge import ROOT

SHELLS = [name for name in ("sh", "bash", "busybox") if shutil.which(name)]
REQUIRED = {
    "ACME_EMAIL": "ops@aggios.test",
    "ACME_DNS_PROVIDER": "cloudflare",
    "PROVIDER_URL": "http://backend:8080/internal/traefik",
}
# runs in place of Traefik and prints the arguments and variables that Traefik would get
SHOW = '#!/bin/sh\necho "$@"\nenv\n'


def start(
    folder: Path, credentials: str | None, shell: str = "sh", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the script; ``busybox`` has the same awk and grep as Traefik's image."""
    show, file, tools = folder / "show", folder / "acme_dns", folder / "tools"
    show.write_text(SHOW, encoding="utf-8")
    show.chmod(0o700)
    tools.mkdir(exist_ok=True)
    if credentials is not None:
        file.write_text(credentials, encoding="utf-8")
    command = [shell, str(ROOT / "traefik" / "entrypoint.sh")]
    if shell == "busybox":
        for name in ("sh", "awk", "grep"):
            (tools / name).symlink_to(shutil.which("busybox") or "")
        command = [str(tools / "sh"), command[1]]
    environment = {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "CONFIG_DIRECTORY": str(ROOT / "traefik"),
        "RENDERED_CONFIG": str(folder / "traefik.yml"),
        "ACME_DNS_FILE": str(file),
        "TRAEFIK_BINARY": str(show),
        **variables,
    }
    return subprocess.run(
        command, env=environment, check=False, capture_output=True, text=True, timeout=10
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_entrypoint_renders_the_file_and_passes_credentials(tmp_path: Path, shell: str) -> None:
    done = start(
        tmp_path,
        "# a comment\nCF_DNS_API_TOKEN=to=ken$x\nSECOND=2",
        shell,
        CERT_RESOLVER="wildcard",
        WEB_ADDRESS="127.0.0.1:81",
        **REQUIRED,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"--configFile={tmp_path / 'traefik.yml'}\n")
    assert "CF_DNS_API_TOKEN=to=ken$x\n" in done.stdout
    assert "SECOND=2\n" in done.stdout
    written = (tmp_path / "traefik.yml").read_text("utf-8")
    static = yaml.safe_load(written)
    assert static["entryPoints"]["web"]["address"] == "127.0.0.1:81"
    assert static["entryPoints"]["websecure"]["address"] == ":443"
    assert static["certificatesResolvers"]["wildcard"]["acme"]["email"] == "ops@aggios.test"
    provider = static["certificatesResolvers"]["wildcard"]["acme"]["dnsChallenge"]["provider"]
    assert provider == "cloudflare"
    code = [line for line in written.splitlines() if not line.lstrip().startswith("#")]
    assert "${" not in "\n".join(code)
    assert (tmp_path / "traefik.yml").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("token", "shown"), [("0a1b2c\n", "0a1b2c"), ("0a1b2c", "0a1b2c"), (None, "")]
)
def test_provider_token_is_read_from_its_file(tmp_path: Path, token, shown: str) -> None:
    if token is not None:
        (tmp_path / "token").write_text(token, "utf-8")

    done = start(tmp_path, None, PROVIDER_TOKEN_FILE=str(tmp_path / "token"), **REQUIRED)

    assert done.returncode == 0, done.stderr
    provider = yaml.safe_load((tmp_path / "traefik.yml").read_text("utf-8"))["providers"]["http"]
    assert provider["headers"] == {"X-Provider-Token": shown}
    assert provider["endpoint"] == REQUIRED["PROVIDER_URL"]


@pytest.mark.parametrize("missing", sorted(REQUIRED))
def test_missing_entrypoint_variable_is_named(tmp_path: Path, missing: str) -> None:
    given = {name: value for name, value in REQUIRED.items() if name != missing}
    done = start(tmp_path, None, **given)
    assert done.returncode == 78
    assert missing in done.stderr


@pytest.mark.parametrize("credentials", [None, "", "# CF_DNS_API_TOKEN=...\n", "NAME=\n"])
def test_certificate_resolver_without_credentials_is_refused(tmp_path: Path, credentials) -> None:
    done = start(tmp_path, credentials, CERT_RESOLVER="wildcard", **REQUIRED)
    assert done.returncode == 78
    assert "holds no credentials" in done.stderr
    assert start(tmp_path, credentials, **REQUIRED).returncode == 0


def test_static_configuration_has_no_telemetry_and_no_insecure_dashboard() -> None:
    text = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", (ROOT / "traefik" / "traefik.yml").read_text("utf-8"))
    static = yaml.safe_load(text)
    assert static["global"] == {"checkNewVersion": False, "sendAnonymousUsage": False}
    assert static["api"]["insecure"] is False
    timeouts = static["entryPoints"]["websecure"]["transport"]["respondingTimeouts"]
    assert timeouts["readTimeout"] == "3600s"
    # No Docker provider: it would need the Docker socket.
    assert set(static["providers"]) == {"file", "http", "providersThrottleDuration"}
    for name, point in static["entryPoints"].items():
        assert point["http"]["aliasHeadersStrategy"] == "delete", name
        assert "forwardedHeaders" not in point, name
