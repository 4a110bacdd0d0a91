"""Production does not start with what only development may have; each check by its id."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.testing import TestStack

ROOT = Path(__file__).resolve().parents[2]
STRONG = [f"{i}f0c7d0a3bb94a0f6f7f8d1f7e0d5b0f3b8a6c2d1e4f5a6b7c8d9e0f1a2b3c4d" for i in range(4)]
PRODUCTION = {
    "AGGIOS_ENVIRONMENT": "production",
    "SECRET_KEY": STRONG[0],
    "TOKEN_MASTER_SECRET": STRONG[1],
    "PASSWORD_PEPPERS": f"1:{STRONG[2]}",
    "BASE_DOMAIN": "aggios.app",
    "EMAIL_HOST": "smtp.aggios.app",
    "S3_ENDPOINT_URL": "http://minio:9000",
    "S3_PUBLIC_ENDPOINT_URL": "https://s3.aggios.app",
    "S3_ACCESS_KEY_ID": "a",
    "S3_SECRET_ACCESS_KEY": "b",
}
# One start tells every fault, so one process shows all checks that need no server.
AT_ONCE = {
    "SECRET_KEY": "insecure-development-secret-key-0000000000000000000000",  # E001
    "TOKEN_MASTER_SECRET": "too-short",  # E002
    "PASSWORD_PEPPERS": f"2:{STRONG[3]},1:{STRONG[3]}",  # E003
    "DEBUG": "true",  # E010
    "ALLOWED_HOSTS": "*",  # E011
    "PUBLIC_SCHEME": "http",  # E012
    "SECURE_HSTS_SECONDS": "60",  # E013
    "CORS_ALLOWED_ORIGINS": "*",  # E014
    "DATABASE_CONN_MAX_AGE": "86400",  # E020
    "STAFF_SECOND_FACTOR": "optional",  # E030
    "ARGON2_MEMORY_COST": "64",  # E031
    "EMAIL_FOLDER": "mail",  # E026
    "EMAIL_HOST": "",  # E027
    "EMAIL_HOST_USER": "aggios",  # E028
    "EMAIL_USE_TLS": "false",
}
IDS = "001 002 003 010 011 012 013 014 020 026 027 028 030 031"
THEIR_IDS = {f"aggios.E{number}" for number in IDS.split()}


def start(stores: TestStack, **changed: str) -> subprocess.CompletedProcess[str]:
    """Import the WSGI module as gunicorn does, with production's settings."""
    servers = {name: stores.env[name] for name in ("DATABASE_URL", "REDIS_URL")}
    return subprocess.run(
        [sys.executable, "-c", "import aggios.wsgi; print('serving')"],
        env={**servers, **PRODUCTION, **changed},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.usefixtures("django_db_setup")
def test_production_starts_with_what_it_should_have(stores: TestStack):
    done = start(stores)

    assert done.stdout.strip() == "serving", done.stderr


@pytest.mark.usefixtures("django_db_setup")
def test_production_does_not_start_and_lists_every_fault(stores: TestStack):
    done = start(stores, **AT_ONCE)

    assert done.returncode != 0
    assert "serving" not in done.stdout
    assert set(re.findall(r"aggios\.E\d{3}", done.stderr)) == THEIR_IDS


@pytest.mark.usefixtures("django_db_setup")
@pytest.mark.parametrize(
    ("memory", "passes", "starts"),
    [(7168, 5, True), (47104, 1, True), (7168, 4, False), (7167, 50, False)],
)
def test_production_refuses_cheap_password_hashes(
    stores: TestStack, memory: int, passes: int, starts: bool
):
    done = start(stores, ARGON2_MEMORY_COST=str(memory), ARGON2_TIME_COST=str(passes))

    assert (done.returncode == 0) is starts, done.stderr
    assert ("aggios.E031" in done.stderr) is not starts


@pytest.mark.usefixtures("django_db_setup")
def test_it_does_not_serve_as_a_login_with_rights(stores: TestStack):
    done = start(stores, DATABASE_URL=stores.env["DATABASE_OWNER_URL"])

    assert done.returncode != 0
    assert "aggios.E024" in done.stderr


@pytest.mark.usefixtures("django_db_setup")
def test_it_does_not_serve_as_the_owner(stores: TestStack):
    owner = stores.env["DATABASE_OWNER_URL"]

    done = start(stores, DATABASE_URL=owner, DATABASE_OWNER_URL=owner)

    assert done.returncode != 0
    assert "aggios.E022" in done.stderr


def test_a_database_that_is_away_is_no_reason_not_to_start(stores: TestStack):
    done = start(stores, DATABASE_URL="postgresql://aggios_app:x@127.0.0.1:1/aggios")

    assert done.stdout.strip() == "serving", done.stderr
