"""The servers, the database and the cast that tests share. Everything is real.

PostgreSQL, Valkey and SeaweedFS run on private ports for the whole session; tests that drive the
site get gunicorn and Traefik as processes too.
"""

import io
import os
import secrets
from collections.abc import Callable, Iterator

import pytest
from django.core.management import call_command
from django.db import connections

from devstack.services.registry import STORES, WEB
from devstack.testing import TestStack
from tests import SETTLED, name_server, session, stack
from tests.support.factories import Agency, Person, add_member, create_agency
from tests.support.http_client import Site
from tests.support.interrupts import restore_interrupts
from tests.support.mailbox import Mailbox
from tests.support.name_server import NameServer
from tests.support.ordering import arrange_items


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what scripts/test.sh --fast and a run in another order need."""
    parser.addoption("--without-servers", action="store_true", help="leave out what starts servers")
    parser.addoption(
        "--shuffle", metavar="SEED", help="another order of modules and of their tests"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let what tests start be interrupted, however the suite was started."""
    config.addinivalue_line("markers", "nightly: slow; scripts/test.sh --all runs it")
    restore_interrupts()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, put first or shuffle as the options say, the same in every worker."""
    if config.getoption("--without-servers"):
        away = [item for item in items if "servers" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=away)
        items[:] = [item for item in items if item not in set(away)]
    arrange_items(items, config.getoption("--shuffle"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Keep this stack from the workers, each of which has its own: they inherit the environment."""
    session.close()
    for name in SETTLED:
        os.environ.pop(name, None)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Stop what was started, while a controller of pytest-xdist still waits for this worker."""
    session.close()


def pytest_unconfigure() -> None:
    """Stop what was started; nothing is left running."""
    session.close()


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
def living_connections() -> None:
    """Close what a test before this one left dead: some stop servers and end backends."""
    for wrapper in connections.all(initialized_only=True):
        if wrapper.connection is not None and not wrapper.is_usable():
            wrapper.close()


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
    """What the site's mailer has sent, to everybody, since the session began."""
    return Mailbox(stores.home.path / "mail")


@pytest.fixture
def zone() -> Iterator[NameServer]:
    """The name server that this process and the site's processes ask for proofs of domains."""
    name_server.start()
    yield name_server
    name_server.clear()


@pytest.fixture(scope="session")
def acme(site: Site) -> Agency:
    """An agency with Ada as its owner. Tests leave it as they found it."""
    return create_agency(site, "acme", email="ada@acme.test", first_name="Ada")


@pytest.fixture(scope="session")
def ben(acme: Agency) -> Person:
    """A member of acme."""
    return add_member(acme, "ben@acme.test")


@pytest.fixture(scope="session")
def globex(site: Site) -> Agency:
    """Another agency, with Cyn as its owner."""
    return create_agency(site, "globex", email="cyn@globex.test", first_name="Cyn")


@pytest.fixture
def new_agency(site: Site) -> Callable[..., Agency]:
    """Found an agency that a test may hurt: ``new_agency()``."""
    return lambda **fields: create_agency(site, f"x{secrets.token_hex(6)}", **fields)


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    """One agency that a test may hurt."""
    return new_agency()
