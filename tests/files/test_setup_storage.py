"""manage.py setup_storage, and purges of a bucket."""

import io
import secrets
from mmap import ACCESS_READ, mmap

import pytest
from django.core.management import CommandError, call_command

from files.storage.bucket import object_location
from files.storage.client import client
from files.storage.deletion import purge_objects
from tests import stack


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def bucket(settings, stores):
    """A separate bucket, deleted afterwards."""
    settings.S3_BUCKET = "setup-test"
    yield settings.S3_BUCKET
    client().delete_bucket(Bucket=settings.S3_BUCKET)


def test_setup_creates_the_bucket_once_for_browsers_at_every_origin(bucket: str):
    first = run("setup_storage")
    again = run("setup_storage")
    (rule,) = client().get_bucket_cors(Bucket=bucket)["CORSRules"]

    assert "created" in first
    assert "is there" in again
    assert "cors: browsers at every origin" in again
    assert rule["AllowedOrigins"] == ["*"]
    assert "PUT" in rule["AllowedMethods"]
    assert "ETag" in rule["ExposeHeaders"]


def bucket_settings(bucket: str) -> tuple[str | None, bool]:
    """Return the bucket's versioning status, and whether it encrypts."""
    versioning = client().get_bucket_versioning(Bucket=bucket).get("Status")
    try:
        client().get_bucket_encryption(Bucket=bucket)
    except client().exceptions.ClientError:
        return versioning, False
    return versioning, True


def test_setup_enables_versioning_and_encryption_once(bucket: str):
    first, again = run("setup_storage"), run("setup_storage")

    assert "versioning: switched on" in first
    assert "encryption: switched on (AES256)" in first
    assert "versioning: is on" in again
    assert "encryption: is on (AES256)" in again
    assert bucket_settings(bucket) == ("Enabled", True)


def test_setup_leaves_versioning_and_encryption_when_disabled(bucket: str, settings):
    settings.S3_BUCKET_VERSIONING = settings.S3_BUCKET_ENCRYPTION = False

    said = run("setup_storage")

    assert "versioning: left as it is (S3_BUCKET_VERSIONING)" in said
    assert "encryption: left as it is (S3_BUCKET_ENCRYPTION)" in said
    assert bucket_settings(bucket) == (None, False)


def is_on_disk(data: bytes) -> bool:
    """Whether the bytes are found in the store's files."""
    for file in (stack.home.path / "seaweedfs").rglob("*.dat"):
        with file.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as content:
            if content.find(data) >= 0:
                return True
    return False


@pytest.mark.parametrize("encrypted", [True, False])
def test_encrypted_object_is_unreadable_on_disk(bucket: str, settings, encrypted: bool):
    settings.S3_BUCKET_ENCRYPTION = encrypted
    run("setup_storage")
    data = secrets.token_bytes(64 * 1024)

    client().put_object(**object_location("t/a"), Body=data)
    found = is_on_disk(data)
    read = client().get_object(**object_location("t/a"))["Body"].read()
    purge_objects("t")

    assert (found, read == data) == (not encrypted, True)


@pytest.mark.nightly
def test_setup_without_a_store_prints_one_error_line(stores):
    stack.stop("seaweedfs")
    try:
        with pytest.raises(CommandError) as refused:
            run("setup_storage")
    finally:
        stack.start_ready("seaweedfs")

    assert stack.env["S3_ENDPOINT_URL"] in str(refused.value)
    assert "\n" not in str(refused.value)


def test_empty_prefix_is_never_purged(stores):
    for prefix in ("", "/"):
        with pytest.raises(ValueError, match="whole bucket"):
            purge_objects(prefix)
