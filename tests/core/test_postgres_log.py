"""PostgreSQL's log contains no value of a row or a parameter."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest
from django.db import DataError, IntegrityError, connections, transaction

from accounts.models import User
from core.db_backend.base import DatabaseWrapper
from devstack.testing import TestStack
from tenants.context import TenantRef, tenant_context
from tests.support.accounts.tokens import status_and_code
from tests.support.factories import Agency, create_tenant_with_user
from tests.support.http_client import PASSWORD

DURATION = "log_min_duration_statement"


class Log:
    """The output of the server since this object was created."""

    def __init__(self, stores: TestStack) -> None:
        self._path = stores.home.logs / "postgres.log"
        self._start = self._path.stat().st_size

    def text(self) -> str:
        with self._path.open("rb") as log:
            log.seek(self._start)
            return log.read().decode("utf-8", "replace")


@pytest.fixture(scope="module")
def one(committed: None) -> TenantRef:
    """A tenant of this module, to which tests add users."""
    return create_tenant_with_user("log")


@pytest.fixture
def log(stores: TestStack, committed: None) -> Log:
    return Log(stores)


def test_failed_insert_logs_no_value(one: TenantRef, log: Log):
    marker = secrets.token_hex(8)
    row = {"email": f"{marker}@log.test", "password": f"argon2${marker}", "first_name": marker}
    with tenant_context(one):
        User.objects.create(**row)
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(**row)
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(**{**row, "email": f"x{marker}@log.test", "role": None})
        with pytest.raises(DataError), transaction.atomic():
            User.objects.create(**{**row, "email": f"y{marker}@log.test", "role": "x" * 50})

    told = log.text()
    assert "duplicate key value" in told
    assert "null value in column" in told
    assert "value too long" in told
    assert marker not in told


def test_slow_statement_is_logged_without_parameters(
    db_one: DatabaseWrapper, superuser: psycopg.Connection, log: Log
):
    marker, login = secrets.token_hex(8), connections["default"].settings_dict["USER"]
    superuser.execute(f"GRANT SET ON PARAMETER {DURATION} TO {login}")
    try:
        with db_one.cursor() as cursor:
            cursor.execute(f"SET {DURATION} = 0")
            cursor.execute("SELECT %s::text AS asked", [marker])
            assert cursor.fetchone() == (marker,)
    finally:
        superuser.execute(f"REVOKE SET ON PARAMETER {DURATION} FROM {login}")

    assert "SELECT $1::text AS asked" in log.text()
    assert marker not in log.text()


def test_client_errors_are_not_logged(acme: Agency, log: Log):
    marker, at = secrets.token_hex(8), acme.owner.at
    email = f"{marker}@log.test"
    person = {"email": email, "password": PASSWORD, "first_name": marker}
    other = at.post("/api/users", {"email": f"o{email}", "first_name": marker}).json()["id"]

    first, second = (at.post("/api/users", person) for _ in range(2))
    moved = at.patch(f"/api/users/{other}", {"email": email})
    invited = [at.post("/api/invitations", {"email": f"i{email}"}) for _ in range(2)]
    opened = acme.host.post("/api/auth/login", {"email": email, "password": f"wrong {marker}"})

    assert first.status_code == 201
    assert status_and_code(second) == status_and_code(moved) == (409, "email_taken")
    assert [answer.status_code for answer in invited] == [201, 201]
    assert opened.status_code == 401
    told = log.text()
    assert marker not in told
    assert not [line for line in told.splitlines() if "ERROR" in line and "user_email" in line]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("log_error_verbosity", "terse"),
        ("log_parameter_max_length", "0"),
        ("log_parameter_max_length_on_error", "0"),
    ],
)
def test_stack_configures_logging_without_values(
    superuser: psycopg.Connection, name: str, value: str
):
    assert superuser.execute(f"SHOW {name}").fetchone() == (value,)


def test_integer_beyond_field_type_is_bound_exactly(committed: None):
    """psycopg's binary form would drop the upper bits of what Django declares as an integer."""
    adapt = connections["default"].ops.adapt_integerfield_value
    kinds = ("SmallIntegerField", "IntegerField", "BigIntegerField")
    numbers = (0, -1, 2**15 - 1, 2**15, -(2**15) - 1, 2**31, 2**40 - 5, -(2**40), 2**62)
    sent = [adapt(number, kind) for kind in kinds for number in numbers]
    with connections["default"].cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(['%s::numeric'] * len(sent))}", sent)
        assert [int(value) for value in cursor.fetchone()] == list(numbers) * len(kinds)


def test_concurrent_idempotency_key_is_not_logged(acme: Agency, log: Log):
    marker, at = secrets.token_hex(8), acme.owner.at
    headers = {"Idempotency-Key": marker}

    def ask(_: int) -> httpx.Response:
        return at.post("/api/invitations", {"role": "member", "max_uses": 2}, headers=headers)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(ask, range(4)))

    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert not [line for line in log.text().splitlines() if "ERROR" in line and "idempot" in line]
