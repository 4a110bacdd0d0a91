"""Users of a test's own tenant; rate limits begin anew with each test."""

import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Invitation, MailLink, User
from core.rate_limits import limits
from devstack.testing import TestStack
from tenants.context import tenant_context
from tests.support.factories import Agency, Person, add_member
from tests.support.files.form_uploads import add_file


@pytest.fixture(autouse=True)
def _fresh_limits(fresh_limits: None) -> None:
    """Reset the rate limits before each test."""


@pytest.fixture
def someone(agency: Agency) -> Callable[..., Person]:
    """Add a person to the test's agency: ``someone()``, ``someone("admin")``."""
    return lambda role="member": add_member(agency, f"p{secrets.token_hex(5)}@here.test", role)


@pytest.fixture
def dora(agency: Agency) -> Person:
    """An administrator with one of every kind of row."""
    dora = add_member(agency, "dora@people.test", "admin")
    add_file(dora.at, "dora's plan.txt", b"a plan")
    soon = timezone.now() + timedelta(days=1)
    with tenant_context(agency.ref):
        user = User.objects.get(pk=dora.id)
        MailLink.objects.create(
            purpose="reset", hash=b"1" * 32, user=user, email=user.email, expires_at=soon
        )
        Invitation.objects.create(
            email="friend@people.test", invited_by=user, hash=b"2" * 32, expires_at=soon
        )
    return dora


@pytest.fixture
def without_redis(stores: TestStack) -> Iterator[None]:
    """Redis is stopped during the test; this process counts from zero."""
    limits._local_windows.cache_clear()
    stores.stop("valkey")
    yield
    stores.start_ready("valkey")
