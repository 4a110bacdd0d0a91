"""The command deliver_mail: killed, stopped, and asked for its state."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack.environment import NOT_FOR_WEB
from tests import stack
from tests.support.factories import Agency
from tests.support.mail.outbox import queued_emails
from tests.support.mail.smtp_server import SmtpServer

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "manage.py", "deliver_mail"]
FORGOT = "/api/auth/password/forgot"
TIMEOUT = 60


def environment(**changed: str) -> dict[str, str]:
    given = {name: value for name, value in stack.env.items() if name not in NOT_FOR_WEB}
    return {"PATH": os.environ["PATH"], **given, **changed}


@contextmanager
def deliverer(heartbeat: Path, *options: str, **changed: str) -> Iterator[subprocess.Popen]:
    command = [*COMMAND, f"--heartbeat={heartbeat}", *options]
    with subprocess.Popen(command, cwd=ROOT, env=environment(**changed)) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(done: Callable[[], object]) -> None:
    end = time.monotonic() + TIMEOUT
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_email_of_a_killed_mailer_is_sent(
    new_agency: Callable[..., Agency], smtp_server: SmtpServer, settings, tmp_path: Path
):
    agency = new_agency()
    # No folder, the test's server, and a lease of one second.
    over = {
        "EMAIL_FOLDER": "",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(settings.EMAIL_PORT),
        "EMAIL_USE_TLS": "false",
        "MAIL_LEASE_SECONDS": "1",
    }
    smtp_server.held = agency.owner.email  # other outboxes may hold earlier e-mails
    smtp_server.hold.clear()
    with deliverer(tmp_path / "first", **over) as first:
        assert smtp_server.reading.wait(TIMEOUT), "it has not begun to send"
        first.send_signal(signal.SIGKILL)
        first.wait()
    (letter,) = queued_emails(agency)
    assert letter.attempts == 1
    smtp_server.taken.clear()
    smtp_server.hold.set()
    time.sleep(1)
    smtp_server.taken.clear()  # what the server had read before the kill

    with deliverer(tmp_path / "second", "--once", **over) as second:
        assert second.wait(TIMEOUT) == 0

    assert smtp_server.to(agency.owner.email)[0].subject.startswith("Verify")
    assert queued_emails(agency) == []


def test_mailer_reports_its_state_and_stops_on_signal(no_mailer: None, tmp_path: Path):
    heartbeat = tmp_path / "heartbeat"
    check = [*COMMAND, f"--heartbeat={heartbeat}", "--check"]

    def checked() -> int:
        return subprocess.run(
            check, cwd=ROOT, env=environment(), check=False, capture_output=True
        ).returncode

    assert checked() == 1
    with deliverer(heartbeat) as process:
        wait_until(heartbeat.exists)
        assert checked() == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    os.utime(heartbeat, (0, 0))
    assert checked() == 1
