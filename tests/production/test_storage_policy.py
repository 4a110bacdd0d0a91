"""The application's rights in the object store: only its own calls, in its one bucket."""

import ast
import json
import re

import botocore.session
from botocore import xform_name

from tests.support.compose import ROOT

# The action that each boto3 call of the code needs, by the names of MinIO's fork
# (silo-pkg, policy/action.go: an unknown name makes it refuse the whole policy).
WANTED = {
    "abort_multipart_upload": "AbortMultipartUpload",
    "complete_multipart_upload": "PutObject",
    "create_bucket": "CreateBucket",
    "create_multipart_upload": "PutObject",
    "copy": "PutObject",  # boto3's own: copy_object, or upload_part_copy for what is too large
    "copy_object": "PutObject",
    "delete_bucket_cors": "DeleteBucketCors",
    "delete_object": "DeleteObject",
    "delete_objects": "DeleteObject",
    "get_bucket_encryption": "GetEncryptionConfiguration",
    "get_bucket_versioning": "GetBucketVersioning",
    "get_object": "GetObject",
    "head_bucket": "ListBucket",
    "head_object": "GetObject",
    "list_multipart_uploads": "ListBucketMultipartUploads",
    "list_object_versions": "ListBucketVersions",
    "list_objects_v2": "ListBucket",
    "list_parts": "ListMultipartUploadParts",
    "put_bucket_cors": "PutBucketCors",
    "put_bucket_encryption": "PutEncryptionConfiguration",
    "put_bucket_versioning": "PutBucketVersioning",
    "put_object": "PutObject",
    "upload_part": "PutObject",
}
KNOWN = {
    *("GetBucketCors", "GetBucketLocation", "GetBucketVersioning", "GetObjectAttributes"),
    *("DeleteObjectVersion", "GetObjectTagging", "GetObjectVersion", "PutObjectTagging"),
    *WANTED.values(),
}
# Signs locally, or only pages through operations of the list above.
SENDS_NOTHING = {"generate_presigned_url", "generate_presigned_post", "get_paginator"}
CALL = re.compile(r"\b(?:client|_health_client)\(\)\.([a-z0-9_]+)\(")
PACKAGES = ("files", "operations", "aggios")


def statements() -> list[dict]:
    script = (ROOT / "scripts" / "minio-setup.sh").read_text("utf-8")
    text = script.partition("printf '%s' '")[2].partition('\' >"$policy"')[0]
    return json.loads(text.replace("'\"$bucket\"'", "BUCKET"))["Statement"]


def test_storage_policy_is_limited_to_the_bucket() -> None:
    resources = [statement["Resource"] for statement in statements()]
    assert resources == [["arn:aws:s3:::BUCKET"], ["arn:aws:s3:::BUCKET/*"]]


def test_storage_policy_names_only_known_actions() -> None:
    actions = {action for statement in statements() for action in statement["Action"]}
    assert actions <= {f"s3:{name}" for name in KNOWN}


def test_storage_policy_allows_every_call_of_the_code() -> None:
    allowed = {action for statement in statements() for action in statement["Action"]}
    called = set()
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            called |= set(CALL.findall(file.read_text("utf-8")))
    assert {"head_bucket", "create_bucket", "put_object", "copy_object"} <= called
    assert {f"s3:{WANTED[name]}" for name in called - SENDS_NOTHING} <= allowed


def test_storage_policy_allows_paginated_and_signed_operations() -> None:
    """Such operations are named by a string, for a paginator or for a presigned URL."""
    model = botocore.session.get_session().get_service_model("s3")
    operations = {xform_name(name) for name in model.operation_names}
    allowed = {action for statement in statements() for action in statement["Action"]}
    named = set()
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and node.value in operations:
                    named.add(node.value)
    assert {"list_parts", "list_objects_v2", "get_object", "put_object", "upload_part"} <= named
    assert {f"s3:{WANTED[name]}" for name in named} <= allowed
