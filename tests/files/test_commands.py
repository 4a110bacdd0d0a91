"""What operators run: setting the store up."""

import io

import pytest
from django.core.management import CommandError, call_command

from files.purging import purge_objects
from files.store import client
from tests import stack


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def bucket(settings, stores):
    """A bucket of its own, gone afterwards."""
    settings.S3_BUCKET = "setup-test"
    yield settings.S3_BUCKET
    client().delete_bucket(Bucket=settings.S3_BUCKET)


def test_the_bucket_is_made_once_and_its_origins_follow_the_settings(bucket: str, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://dash.example"]
    first = run("setup_storage")
    again = run("setup_storage")
    (rule,) = client().get_bucket_cors(Bucket=bucket)["CORSRules"]
    settings.CORS_ALLOWED_ORIGINS = []
    without = run("setup_storage")

    assert "created" in first
    assert "is there" in again
    assert rule["AllowedOrigins"] == ["https://dash.example"]
    assert "PUT" in rule["AllowedMethods"]
    assert "no browser origins" in without
    with pytest.raises(client().exceptions.ClientError, match="CORS"):
        client().get_bucket_cors(Bucket=bucket)


def test_a_store_that_is_away_is_one_clear_line(stores):
    stack.stop("seaweedfs")
    try:
        with pytest.raises(CommandError) as refused:
            run("setup_storage")
    finally:
        stack.start_ready("seaweedfs")

    assert stack.env["S3_ENDPOINT_URL"] in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_empty_prefix_is_never_purged(stores):
    for prefix in ("", "/"):
        with pytest.raises(ValueError, match="whole bucket"):
            purge_objects(prefix)
