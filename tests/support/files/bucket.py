"""Direct access to the store, to check what it really holds."""

import hashlib

from files.storage.client import client
from tests import stack
from tests.support.factories import Agency


def stored_keys(agency: Agency) -> set[str]:
    """Return the keys of all objects under the agency's prefix."""
    return keys_under(f"{agency.ref.object_prefix}/")


def keys_under(prefix: str) -> set[str]:
    pages = client().get_paginator("list_objects_v2").paginate(Bucket=_bucket(), Prefix=prefix)
    return {item["Key"] for page in pages for item in page.get("Contents", [])}


def noncurrent_under(prefix: str) -> list[tuple[str, str]]:
    """Return noncurrent versions and delete markers under a prefix, by key."""
    pages = client().get_paginator("list_object_versions").paginate(Bucket=_bucket(), Prefix=prefix)
    found = []
    for page in pages:
        found += [(i["Key"], "former") for i in page.get("Versions", []) if not i["IsLatest"]]
        found += [(i["Key"], "marker") for i in page.get("DeleteMarkers", [])]
    return sorted(found)


def noncurrent_versions(agency: Agency) -> list[tuple[str, str]]:
    """Return the same for an agency, with names relative to its prefix."""
    prefix = f"{agency.ref.object_prefix}/"
    return [(key.removeprefix(prefix), what) for key, what in noncurrent_under(prefix)]


def unfinished_multiparts(agency: Agency) -> list[str]:
    """Return the keys of unfinished multipart uploads of an agency."""
    response = client().list_multipart_uploads(
        Bucket=_bucket(), Prefix=f"{agency.ref.object_prefix}/"
    )
    return [upload["Key"] for upload in response.get("Uploads", [])]


def count_parts(agency: Agency) -> int:
    """Count the stored parts of unfinished uploads."""
    where = {"Bucket": _bucket(), "Prefix": f"{agency.ref.object_prefix}/"}
    uploads = client().list_multipart_uploads(**where).get("Uploads", [])
    found = (
        client().list_parts(Bucket=_bucket(), Key=upload["Key"], UploadId=upload["UploadId"])
        for upload in uploads
    )
    return sum(len(response.get("Parts", [])) for response in found)


def read_object(key: str) -> bytes:
    return client().get_object(Bucket=_bucket(), Key=key)["Body"].read()


def stored_sha256(key: str) -> str:
    """Return the SHA-256 of an object of any size, in hexadecimal."""
    digest = hashlib.sha256()
    for chunk in client().get_object(Bucket=_bucket(), Key=key)["Body"].iter_chunks(1024 * 1024):
        digest.update(chunk)
    return digest.hexdigest()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _bucket() -> str:
    return stack.env["S3_BUCKET"]
