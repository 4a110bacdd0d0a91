"""manage.py storage_doctor checks the store as clients use it, and names remedies."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from devstack.home import CHECKOUT
from devstack.testing import TestStack
from files.storage.client import client
from files.storage.setup import CORS_RULE
from tests.support.files.bucket import keys_under, noncurrent_under
from tests.support.http_client import Site

PREFIX = "storage-doctor/"


def run_doctor(stores: TestStack, **changed: str) -> tuple[int, dict[str, tuple[str, str, str]]]:
    """Return the exit status and, by check, state, message and remedy (last fault)."""
    result = subprocess.run(
        [sys.executable, "manage.py", "storage_doctor", "--json"],
        env={**os.environ, **stores.env, **changed},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found: dict[str, tuple[str, str, str]] = {}
    document: dict[str, Any] = json.loads(result.stdout)
    for row in document["findings"]:
        if found.get(row["check"], ("ok",))[0] == "ok":
            found[row["check"]] = (row["state"], row["said"], row["mend"])
    assert document["wrong"] == sum(row["state"] == "wrong" for row in document["findings"])
    return result.returncode, found


def faults(found: dict[str, tuple[str, str, str]]) -> set[str]:
    return {check for check, (state, _, _) in found.items() if state == "wrong"}


def test_doctor_with_a_working_store_finds_no_fault(site: Site, stores: TestStack):
    status, found = run_doctor(stores)

    assert (status, faults(found)) == (0, set()), found
    checks = "own endpoint,versioning,encryption,clock,public put,public get,public delete,privacy"
    assert {check: found[check][0] for check in checks.split(",")} == dict.fromkeys(
        checks.split(","), "ok"
    )
    assert found["tenant keys"][0] == "note"
    assert keys_under(PREFIX) == set()
    assert noncurrent_under(PREFIX) == []


def test_doctor_reports_confined_tenant_credentials(site: Site, stores: TestStack):
    status, found = run_doctor(stores, S3_TENANT_CREDENTIALS="sts")

    assert (status, found["tenant keys"][0]) == (0, "ok"), found


def test_doctor_reports_missing_tenant_credentials(site: Site, stores: TestStack):
    role = "arn:aws:iam::000000000000:role/somebody-else"

    status, found = run_doctor(stores, S3_TENANT_CREDENTIALS="sts", S3_STS_ROLE_ARN=role)

    assert (status, faults(found)) == (1, {"tenant keys"})
    assert "S3_STS_ROLE_ARN" in found["tenant keys"][2]


def test_doctor_reports_a_refused_origin(site: Site, stores: TestStack):
    bucket = stores.env["S3_BUCKET"]
    narrow = {"CORSRules": [{**CORS_RULE, "AllowedOrigins": ["https://elsewhere.example"]}]}
    client().put_bucket_cors(Bucket=bucket, CORSConfiguration=narrow)

    try:
        status, found = run_doctor(stores)
    finally:
        client().put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [CORS_RULE]})

    assert (status, faults(found)) == (1, {"cors"})
    assert "tenants' domains" in found["cors"][1]
    assert "setup_storage" in found["cors"][2]
    assert keys_under(PREFIX) == set()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:9", "cannot be reached"),
        ("http://storage.invalid", "cannot be looked up"),
        ("http://acme.aggios.localhost:{web}", "is not the store"),
    ],
)
def test_doctor_reports_a_public_endpoint_that_is_not_the_store(
    site: Site, stores: TestStack, url: str, said: str
):
    where = url.format(web=stores.ports["web"])

    status, found = run_doctor(stores, S3_PUBLIC_ENDPOINT_URL=where)

    [broken] = faults(found)
    assert (status, broken.startswith("public")) == (1, True)
    assert said in found[broken][1]
    assert found[broken][2]
    assert found["own endpoint"][0] == "ok"


def test_doctor_reports_a_wrong_secret(site: Site, stores: TestStack):
    status, found = run_doctor(stores, S3_SECRET_ACCESS_KEY="not-the-secret-of-this-key-at-all")

    assert (status, faults(found)) == (1, {"own endpoint", "public put"})
    for check in faults(found):
        assert "S3_SECRET_ACCESS_KEY" in found[check][2]


def test_doctor_reports_a_missing_bucket(site: Site, stores: TestStack):
    status, found = run_doctor(stores, S3_BUCKET="nowhere-to-be-found")

    assert (status, faults(found)) == (1, {"own endpoint", "public put"})
    assert "setup_storage" in found["own endpoint"][2]
    assert "no such bucket" in found["own endpoint"][1]
