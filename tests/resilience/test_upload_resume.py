"""A client that is killed repeatedly during a large upload, and resumes it each time.

As a part of the suite it is killed eight times; ``RESUME_KILLS=100`` does so a hundred times, and
``RESUME_SEED`` repeats a run. The client is the example that users are given
(docs/examples/upload.py), as a process of its own.
"""

import hashlib
import json
import os
import random
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.models import AuditEvent
from devstack.environment import inherited_environment
from devstack.home import CHECKOUT
from files.models import FileVersion, Upload
from files.storage.client import client
from tenants.context import tenant_context
from tests import stack
from tests.support.factories import Agency
from tests.support.files.bucket import count_parts, stored_keys
from tests.support.files.consistency import assert_consistent, balance_of

CLIENT = CHECKOUT / "docs" / "examples" / "upload.py"
KILLS = int(os.environ.get("RESUME_KILLS", "8"))
SEED = int(os.environ.get("RESUME_SEED", secrets.randbits(32)))
SIZE, PIECE = 200_000_000, 1024 * 1024
# No kill is in the last part, so that one part is left to send each time.
LATEST = SIZE - 9 * 1024 * 1024


@pytest.fixture
def large_file(tmp_path: Path) -> Iterator[Path]:
    """A file of 200 MB that cannot be compressed."""
    path = tmp_path / "film.bin"
    with path.open("wb") as target:
        for start in range(0, SIZE, PIECE):
            target.write(os.urandom(min(PIECE, SIZE - start)))
    yield path
    path.unlink()


def start_client(agency: Agency, large_file: Path) -> subprocess.Popen[str]:
    """Start the client."""
    service = f"http://{agency.host.name}:{stack.ports['web']}"
    return subprocess.Popen(
        [sys.executable, str(CLIENT), service, str(large_file), "--progress"],
        env={**inherited_environment(), "AGGIOS_TOKEN": agency.owner.access_token},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_at(agency: Agency, large_file: Path, position: int) -> int:
    """Start the client and kill it at a position; return its last reported position."""
    with start_client(agency, large_file) as process:
        for line in process.stderr:
            assert line.strip().isdigit(), line
            if int(line) >= position:
                process.kill()
                break
        status = process.wait()
    assert status == -signal.SIGKILL
    return int(line)


def digest_of(chunks: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def digests(agency: Agency, large_file: Path, file: dict) -> dict[str, str]:
    """Return the file's SHA-256 from every source."""
    [key] = stored_keys(agency)
    body = client().get_object(Bucket=stack.env["S3_BUCKET"], Key=key)["Body"]
    stored = digest_of(
        body.iter_chunks(PIECE)
    )  # at once, because the store closes slow connections
    content = agency.owner.at.get(f"/api/files/{file['id']}/content").content
    with large_file.open("rb") as source, tenant_context(agency.ref):
        return {
            "sent": hashlib.file_digest(source, "sha256").hexdigest(),
            "answered": file["sha256"],
            "in its row": FileVersion.objects.get().sha256,
            "in the store": stored,
            "downloaded": hashlib.sha256(content).hexdigest(),
        }


def purge(agency: Agency, file: dict) -> None:
    """Purge the file, to free disk space."""
    at = agency.owner.at
    assert at.delete(f"/api/files/{file['id']}").status_code == 204
    assert at.delete(f"/api/trash/{file['id']}").status_code == 204


def test_client_killed_at_any_byte_resumes_the_upload(new_agency, large_file: Path):
    agency, chance = new_agency(), random.Random(SEED)
    print(f"RESUME_KILLS={KILLS} RESUME_SEED={SEED}")

    for position in sorted(chance.sample(range(LATEST), KILLS)):
        assert kill_at(agency, large_file, position) >= position
    under_way = count_parts(agency)
    with start_client(agency, large_file) as process:
        out, said = process.communicate()

    assert process.returncode == 0, said
    file = json.loads(out)
    found = digests(agency, large_file, file)
    assert set(found.values()) == {found["sent"]}, found
    assert (file["size"], file["version"], file["name"]) == (SIZE, 1, large_file.name)
    assert not large_file.with_name("film.bin.upload").exists()
    assert under_way > 0
    with tenant_context(agency.ref):
        assert Upload.objects.count() == 1
        assert AuditEvent.objects.filter(action="file.uploaded").count() == 1
    assert balance_of(agency) == (SIZE, 1, 0, 0)
    assert_consistent(agency)
    purge(agency, file)
    assert balance_of(agency) == (0, 0, 0, 0)
