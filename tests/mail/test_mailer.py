"""The site's mailer: it listens, restarts, and writes private files."""

import stat
import time
from collections.abc import Callable

import pytest

from devstack.testing import TestStack
from tests.support.factories import Agency
from tests.support.mailbox import Mailbox

FORGOT = "/api/auth/password/forgot"
TIMEOUT = 60


def wait_until(done: Callable[[], object]) -> None:
    end = time.monotonic() + TIMEOUT
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_mailer_listens_again_after_database_restart(
    new_agency: Callable[..., Agency], mailbox: Mailbox, stores: TestStack
):
    agency = new_agency()
    mailbox.wait_for(agency.owner.email, subject="Verify")
    pid, exits = stores.pid("mailer"), stores.exits("mailer")

    stores.kill("postgres")
    stores.wait_ready("postgres")
    wait_until(lambda: agency.host.get("/api/health/ready").status_code == 200)
    agency.host.post(FORGOT, {"email": agency.owner.email})

    mailbox.wait_for(agency.owner.email, subject="Set a new password")
    assert (stores.pid("mailer"), stores.exits("mailer")) == (pid, exits)


def test_killed_mailer_restarts_and_sends(
    new_agency: Callable[..., Agency], mailbox: Mailbox, stores: TestStack
):
    agency = new_agency()
    mailbox.wait_for(agency.owner.email, subject="Verify")

    stores.kill("mailer")
    agency.host.post(FORGOT, {"email": agency.owner.email})

    stores.wait_ready("mailer")
    mailbox.wait_for(agency.owner.email, subject="Set a new password")


@pytest.mark.usefixtures("site")
def test_mail_files_are_private(stores: TestStack, mailbox: Mailbox, acme: Agency):
    mailbox.wait_for(acme.owner.email, subject="Verify")
    folder = stores.home.path / "mail"
    sent = [path for path in folder.glob("*.eml") if acme.owner.email in path.read_text("utf-8")]

    assert folder.stat().st_mode & 0o777 == 0o700
    # Other tests deliver in their own process, which has another umask.
    assert stat.S_IMODE(sent[0].stat().st_mode) & 0o077 == 0
