"""System checks for unsafe settings of production, with ids and hints.

``manage.py check --deploy`` runs them. A production process does not start while one of them fails
(``require_safe_configuration``).
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection, connections
from psycopg.errors import OperationalError as DriverError

from core.system_checks import SAFETY

MIN_SECRET_LENGTH = 50
# A backend process uses 0.14 MB for each schema that it has served (docs/benchmarks.md).
MAX_SCHEMAS_PER_CONNECTION = 2000
# Words in the secrets of our examples and of development stacks.
DEVELOPMENT_WORDS = ("insecure", "development", "changeme", "change-me", "example")
# OWASP Password Storage Cheat Sheet: of its equal choices of Argon2id, 7 MiB and 5 passes is the
# smallest.
LEAST_ARGON2_MEMORY = 7168  # KiB
LEAST_ARGON2_WORK = 7168 * 5  # KiB times passes
SECRET_SETTINGS = ("SECRET_KEY", "TOKEN_MASTER_SECRET", "TOKEN_MASTER_SECRET_PREVIOUS")
STARTUP_TAGS = [Tags.security, Tags.database]


@register(Tags.security, SAFETY)
def check_secrets(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Refuse short, known or repeated secrets in production."""
    if not settings.PRODUCTION:
        return []
    values = {name: getattr(settings, name) for name in SECRET_SETTINGS if getattr(settings, name)}
    for index, pepper in enumerate(settings.PASSWORD_PEPPERS.split(",")):
        values[f"PASSWORD_PEPPERS[{index}]"] = pepper.partition(":")[2]
    return [
        *(error for name, value in values.items() if (error := _weak_secret(name, value))),
        *_repeated_secrets(values),
    ]


def _weak_secret(name: str, value: str) -> Error | None:
    hint = f'Set {name} to `python -c "import secrets; print(secrets.token_hex(32))"`.'
    if any(word in value.lower() for word in DEVELOPMENT_WORDS):
        return Error(f"{name} is a development secret.", hint=hint, id="aggios.E001")
    if len(value) < MIN_SECRET_LENGTH or len(set(value)) < 8:
        message = f"{name} has less than {MIN_SECRET_LENGTH} characters, or too few different ones."
        return Error(message, hint=hint, id="aggios.E002")
    return None


def _repeated_secrets(values: dict[str, str]) -> list[CheckMessage]:
    if len(set(values.values())) == len(values):
        return []
    hint = "Give each secret a value of its own, so that each can be rotated."
    return [Error("Two secrets have the same value.", hint=hint, id="aggios.E003")]


@register(Tags.security, SAFETY)
def check_production(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Refuse debug mode, open hosts and links over plain HTTP in production."""
    if not settings.PRODUCTION:
        return []
    errors: list[CheckMessage] = []
    if settings.DEBUG:
        errors.append(Error("DEBUG is on.", hint="Unset DEBUG.", id="aggios.E010"))
    if "*" in settings.ALLOWED_HOSTS:
        hint = "Name the platform's own domain; custom domains are routed from the database."
        errors.append(Error("ALLOWED_HOSTS accepts every host.", hint=hint, id="aggios.E011"))
    if settings.PUBLIC_SCHEME != "https":
        hint = "Set PUBLIC_SCHEME=https; tokens and cookies travel in clear otherwise."
        errors.append(Error("The site is addressed over http.", hint=hint, id="aggios.E012"))
    if settings.SECURE_HSTS_SECONDS < 31_536_000:
        hint = "Set SECURE_HSTS_SECONDS to a year (31536000) or more."
        errors.append(Error("HSTS lasts less than a year.", hint=hint, id="aggios.E013"))
    if settings.STAFF_SECOND_FACTOR != "required":
        hint = "Unset STAFF_SECOND_FACTOR; staff add a second factor when they first log in."
        errors.append(Error("Staff need no second factor.", hint=hint, id="aggios.E030"))
    if "*" in settings.CORS_ALLOWED_ORIGINS:
        hint = "List the front ends' origins."
        errors.append(Error("CORS is open to every origin.", hint=hint, id="aggios.E014"))
    return errors


@register(Tags.security, SAFETY)
def check_password_hash_cost(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Refuse a cost of password hashes in production that is below OWASP's minimum."""
    memory, passes = settings.ARGON2_MEMORY_COST, settings.ARGON2_TIME_COST
    enough = memory >= LEAST_ARGON2_MEMORY and memory * passes >= LEAST_ARGON2_WORK
    if not settings.PRODUCTION or enough:
        return []
    hint = "Unset ARGON2_MEMORY_COST and ARGON2_TIME_COST: 19456 KiB and 2 passes."
    return [Error("Hashes of passwords cost too little.", hint=hint, id="aggios.E031")]


@register(Tags.security, SAFETY)
def check_email(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Refuse a production without an e-mail server, and its password in clear text."""
    if not settings.PRODUCTION:
        return []
    errors: list[CheckMessage] = []
    if settings.EMAIL_FOLDER:
        hint = "Unset EMAIL_FOLDER: e-mails in a folder are not sent."
        errors.append(Error("Mail goes into a folder.", hint=hint, id="aggios.E026"))
    if not settings.EMAIL_HOST:
        hint = "Set EMAIL_HOST to your mail server."
        errors.append(Error("There is no mail server.", hint=hint, id="aggios.E027"))
    encrypted = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
    if settings.EMAIL_HOST_USER and not encrypted:
        hint = "Set EMAIL_USE_TLS=true, or EMAIL_USE_SSL=true for port 465."
        errors.append(Error("The log-in for mail travels in clear.", hint=hint, id="aggios.E028"))
    return errors


@register(Tags.security, SAFETY)
def check_connections(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Refuse connection settings with which one tenant's scope could reach another tenant."""
    database = settings.DATABASES["default"]
    errors: list[CheckMessage] = []
    if database["CONN_MAX_AGE"] is None or database["CONN_MAX_AGE"] > 3600:
        hint = "Set DATABASE_CONN_MAX_AGE to 3600 or less: the memory of a connection grows."
        errors.append(Error("Connections live too long.", hint=hint, id="aggios.E020"))
    if not 1 <= database["MAX_SCHEMAS"] <= MAX_SCHEMAS_PER_CONNECTION:
        hint = f"Set DATABASE_CONN_MAX_SCHEMAS to 1 to {MAX_SCHEMAS_PER_CONNECTION} (default 200)."
        error = Error("Connections may serve too many tenants.", hint=hint, id="aggios.E025")
        errors.append(error)
    if database["OPTIONS"].get("prepare_threshold") is not None:
        hint = "Take prepare_threshold out of DATABASE_URL."
        errors.append(Error("Prepared statements are on.", hint=hint, id="aggios.E021"))
    owner = settings.DATABASES.get("owner", {})
    if owner and owner["USER"] == database["USER"]:
        hint = "Use a login that owns nothing; manage.py bootstrap_database creates both."
        errors.append(Error("The application serves as the owner.", hint=hint, id="aggios.E022"))
    return errors


@register(Tags.database, deploy=True)
def check_pooler(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Detect a connection pooler; in transaction mode it would mix tenants up.

    A pooler reports its own process id; PostgreSQL reports that of its backend.
    """
    if settings.DATABASE_POOLER == "session":
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backend_pid = cursor.fetchone()[0]
            reported_pid = connection.connection.info.backend_pid
    except (OperationalError, DriverError):
        return []  # /api/health reports an unavailable database
    if backend_pid == reported_pid:
        return []
    hint = "Connect directly, or use session mode and set DATABASE_POOLER=session."
    return [Error("There is a connection pooler before the database.", hint=hint, id="aggios.E023")]


@register(Tags.database, deploy=True)
def check_database_role(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Refuse a login that could read every tenant or alter tables."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolinherit "
                "FROM pg_roles WHERE rolname = session_user"
            )
            powerful = cursor.fetchone()[0]
    except (OperationalError, DriverError):
        return []
    if not powerful:
        return []
    hint = "Run manage.py bootstrap_database; it takes rights from the login in DATABASE_URL."
    return [Error("The application's login has too many rights.", hint=hint, id="aggios.E024")]


def require_safe_configuration() -> None:
    """Raise ImproperlyConfigured with every failed check.

    An unavailable database is no failure: the process starts, and responds with 503 until the
    database is available.
    """
    messages = run_checks(tags=STARTUP_TAGS, include_deployment_checks=True, databases=["default"])
    connections.close_all()
    errors = [message for message in messages if message.is_serious()]
    if errors:
        listed = "\n".join(f"  {error.id}: {error.msg} {error.hint or ''}" for error in errors)
        raise ImproperlyConfigured(f"Aggios does not start with these settings:\n{listed}")
