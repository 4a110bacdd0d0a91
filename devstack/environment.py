"""The environment variables of a stack's application."""

import os
from collections.abc import Mapping

from devstack import binaries
from devstack.credentials import Credentials
from devstack.home import Home, write_private
from devstack.ports import LOOPBACK, Ports

BASE_DOMAIN = "aggios.localhost"
BUCKET = "aggios"
DATABASE = "aggios"
# Variables that a process inherits from the caller. Settings of another stack, of another Django
# project or of Python itself are not inherited.
INHERITED_NAMES = (
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LOGNAME",
    "PATH",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
)
# Web processes do not get these, so they cannot alter or drop a table.
NOT_FOR_WEB = ("DATABASE_OWNER_URL", "DATABASE_SUPERUSER_URL")


def stack_environment(home: Home, ports: Ports, secrets: Credentials) -> dict[str, str]:
    """Return the variables that describe a running stack."""
    return {
        "AGGIOS_ENVIRONMENT": "development",
        "DEBUG": "false",
        "SECRET_KEY": secrets.secret_key,
        "TOKEN_MASTER_SECRET": secrets.token_master_secret,
        "TOKEN_MASTER_SECRET_PREVIOUS": "",
        "PASSWORD_PEPPERS": f"1:{secrets.password_pepper}",
        "BASE_DOMAIN": BASE_DOMAIN,
        "PUBLIC_SCHEME": "http",
        "PUBLIC_PORT": str(ports["web"]),
        "DATABASE_URL": _database(ports, "aggios_app", secrets.app_password),
        "DATABASE_OWNER_URL": _database(ports, "aggios_owner", secrets.owner_password),
        "DATABASE_SUPERUSER_URL": _database(
            ports, "postgres", secrets.postgres_password, "postgres"
        ),
        "DATABASE_CONN_MAX_AGE": "600",
        "DATABASE_POOLER": "none",
        "PG_BIN_DIR": str(binaries.postgres_folder() / "bin"),
        "REDIS_URL": f"redis://:{secrets.valkey_password}@{LOOPBACK}:{ports['valkey']}/0",
        "S3_ENDPOINT_URL": f"http://{LOOPBACK}:{ports['s3']}",
        "S3_PUBLIC_ENDPOINT_URL": f"http://s3.{BASE_DOMAIN}:{ports['web']}",
        "S3_BUCKET": BUCKET,
        "S3_REGION": "us-east-1",
        "S3_ACCESS_KEY_ID": secrets.s3_access_key,
        "S3_SECRET_ACCESS_KEY": secrets.s3_secret_key,
        "EMAIL_FOLDER": str(home.path / "mail"),
        "STATIC_ROOT": str(home.path / "static"),
        "CORS_ALLOWED_ORIGINS": "http://localhost:3000,http://localhost:5173",
        "TRUSTED_PROXY_COUNT": "1",
        # High limits for sign-ups; log-ins are limited as in production.
        "RATE_LIMIT_SIGNUP": "1000/3600",
        "RATE_LIMIT_MAIL_UNVERIFIED": "1000/86400",
        "LOG_LEVEL": "INFO",
        "LOG_FORMAT": "json",
        "WEB_WORKERS": "2",
        "WEB_THREADS": "16",
    }


def write_env_file(home: Home, variables: Mapping[str, str]) -> None:
    """Write ``$AGGIOS_HOME/env``: KEY=VALUE lines that only the owner can read."""
    write_private(home.env_file, "".join(f"{name}={value}\n" for name, value in variables.items()))


def inherited_environment() -> dict[str, str]:
    """Return the variables that a process of the stack inherits from the caller."""
    return {name: os.environ[name] for name in INHERITED_NAMES if name in os.environ}


def _database(ports: Ports, login: str, password: str, name: str = DATABASE) -> str:
    return f"postgresql://{login}:{password}@{LOOPBACK}:{ports['postgres']}/{name}"
