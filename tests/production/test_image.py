"""A rehearsal of the image without a container engine.

The files that .dockerignore includes are copied to a folder. The collectstatic command of the
Dockerfile runs there, and its CMD starts with the environment of docker-compose.yml and secrets of
scripts/make-secrets.sh. This cannot show that the images exist and build.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.support.dockerfile import included_in_context, stage
from tests.support.traefik_edge import ROOT, free_ports


@dataclass
class Rehearsal:
    app: Path
    environment: dict[str, str]
    static: Path

    @property
    def url(self) -> str:
        return "http://" + self.environment["WEB_BIND"]


@pytest.fixture(scope="module")
def unpacked_image(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """Return a folder with the contents of /app and the collected static files."""
    folder = tmp_path_factory.mktemp("image")
    app = folder / "app"
    app.mkdir()
    for name in included_in_context():
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, app / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.is_file():
            shutil.copy(source, app / name)
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "STATIC_ROOT": str(folder / "static"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    (command,) = [rest for word, rest in stage("runtime") if "collectstatic" in rest]
    command = command.partition("&& python -m compileall")[0]
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=app,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return Rehearsal(app, environment, folder / "static")


def test_static_files_are_collected(unpacked_image: Rehearsal) -> None:
    manifest = json.loads((unpacked_image.static / "staticfiles.json").read_text("utf-8"))["paths"]
    assert any(name.startswith("admin/") for name in manifest)
    assert any(name.startswith("drf_spectacular_sidecar/") for name in manifest)
    assert list(unpacked_image.static.rglob("*.gz"))


@pytest.fixture(scope="module")
def container(unpacked_image: Rehearsal, config, tmp_path_factory) -> Iterator[Rehearsal]:
    """Start CMD as Compose would, with new secrets and without a database."""
    secrets = tmp_path_factory.mktemp("rehearsal") / "secrets"
    subprocess.run([ROOT / "scripts" / "make-secrets.sh", secrets], check=True, capture_output=True)
    (port,) = free_ports(1)
    given = {
        name: value.replace("/run/secrets", str(secrets))
        for name, value in config["services"]["backend"]["environment"].items()
    }
    bind = {"WEB_BIND": f"127.0.0.1:{port}", "PORT": str(port), "WEB_WORKERS": "1"}
    environment = {**unpacked_image.environment, **given, **bind}
    (entry,) = [json.loads(rest) for word, rest in stage("runtime") if word == "ENTRYPOINT"]
    (command,) = [json.loads(rest) for word, rest in stage("runtime") if word == "CMD"]
    log = secrets.parent / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*entry, *command],
            cwd=unpacked_image.app,
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        rehearsal = Rehearsal(unpacked_image.app, environment, unpacked_image.static)
        deadline = time.monotonic() + 60
        while not alive(rehearsal):
            assert process.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < deadline, log.read_text("utf-8")
            time.sleep(0.2)
        yield rehearsal
    finally:
        process.terminate()
        process.wait(timeout=40)


def alive(rehearsal: Rehearsal) -> bool:
    """Run the image's HEALTHCHECK command."""
    (check,) = [rest for word, rest in stage("runtime") if word == "HEALTHCHECK"]
    command = json.loads(check.partition("CMD ")[2])
    done = subprocess.run(command, cwd=rehearsal.app, env=rehearsal.environment, check=False)
    return done.returncode == 0


@pytest.mark.needs("compose")
def test_image_starts_with_the_environment_of_compose(container: Rehearsal) -> None:
    answer = httpx.get(f"{container.url}/api/health/live", headers={"Host": "localhost"})
    assert answer.status_code == 200


@pytest.mark.needs("compose")
def test_image_without_a_database_is_live_and_not_ready(container: Rehearsal) -> None:
    """Traefik's health check sends these headers (traefik/dynamic/services.yml)."""
    headers = {"Host": "localhost", "X-Forwarded-Proto": "https"}
    answer = httpx.get(f"{container.url}/api/health/ready", headers=headers, timeout=20)
    assert answer.status_code == 503
    assert alive(container)


@pytest.mark.needs("compose")
def test_metrics_are_served_only_to_direct_requests(container: Rehearsal) -> None:
    """Prometheus uses the container's name and plain HTTP; requests from Traefik get 404."""
    sent = {"Host": "aggios.test", "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
    assert httpx.get(f"{container.url}/metrics", headers=sent).status_code == 404
    direct = httpx.get(f"{container.url}/metrics", headers={"Host": "aggios-backend-1:8080"})
    assert direct.status_code == 200
    assert "aggios_http_requests_total" in direct.text


@pytest.mark.needs("compose")
def test_custom_domains_are_served_only_with_the_provider_token(container: Rehearsal) -> None:
    """Requests use plain HTTP, as Traefik does. With the token they get as far as the database."""
    token = Path(container.environment["TRAEFIK_PROVIDER_TOKEN_FILE"]).read_text("utf-8").strip()

    def code(**headers: str) -> str:
        sent = {"Host": "localhost", **headers}
        return httpx.get(f"{container.url}/internal/traefik", headers=sent, timeout=20).json()[
            "code"
        ]

    assert code(**{"X-Provider-Token": token}) == "database_unavailable"
    assert code(**{"X-Provider-Token": token[:-1]}) == "not_found"
    assert code() == "not_found"
    assert code(**{"X-Provider-Token": token, "X-Forwarded-For": "192.0.2.1"}) == "not_found"


@pytest.mark.needs("compose")
def test_production_settings_pass_djangos_deployment_check(container: Rehearsal) -> None:
    command = shlex.split("python manage.py check --deploy --fail-level WARNING")
    done = subprocess.run(
        command,
        cwd=container.app,
        env=container.environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_health_check_fails_when_no_process_listens(unpacked_image: Rehearsal) -> None:
    (port,) = free_ports(1)
    silent = Rehearsal(
        unpacked_image.app, {**unpacked_image.environment, "PORT": str(port)}, unpacked_image.static
    )
    assert not alive(silent)
