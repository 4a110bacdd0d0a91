"""The servers that tests share, each real: the stores, then gunicorn behind Traefik."""

import io
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.management import call_command

from devstack.services.registry import STORES, WEB
from devstack.testing import TestStack
from tests import name_server, stack
from tests.support.cleanup import close_broken_connections
from tests.support.http_client import Site
from tests.support.mailbox import Mailbox
from tests.support.name_server import NameServer


def pytest_configure() -> None:
    """Let WhiteNoise look for static files at each request, in this process only.

    Otherwise each new ``django.test.Client`` reads all of them first.
    """
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(scope="session")
def servers() -> None:
    """Nothing. Tests that start servers use it, directly or by another fixture."""


@pytest.fixture(scope="session")
def stores(servers: None) -> TestStack:
    """PostgreSQL, Valkey and SeaweedFS, up and empty."""
    stack.start_ready(*STORES)
    return stack


@pytest.fixture(scope="session")
def django_db_setup(stores: TestStack, django_db_blocker) -> None:
    """The application's own database, made by the same commands as in production."""
    with django_db_blocker.unblock():
        for command in ("bootstrap_database", "migrate_schemas", "setup_storage"):
            call_command(command, stdout=io.StringIO())


@pytest.fixture(autouse=True)
def usable_connections() -> None:
    """Close the connections that an earlier test has broken."""
    close_broken_connections()


@pytest.fixture(scope="session")
def committed(django_db_setup: None, django_db_blocker) -> Iterator[None]:
    """Let the test's own process read and write what the site's processes see (no rollback)."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="session")
def site(stores: TestStack, committed: None) -> Site:
    """gunicorn behind Traefik, as separate processes on private ports."""
    call_command("collectstatic", "--noinput", verbosity=0)
    stores.start_ready(*WEB)
    return Site(stores.ports["web"])


@pytest.fixture(scope="session")
def mailbox(site: Site, stores: TestStack) -> Mailbox:
    """What the site's mailer has sent, to all addresses, since the session began."""
    return Mailbox(stores.home.path / "mail")


@pytest.fixture
def zone() -> Iterator[NameServer]:
    """The name server that this process and the site's processes ask for proofs of domains."""
    name_server.start()
    yield name_server
    name_server.clear()
