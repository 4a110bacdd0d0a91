"""Many files at once, written to database and store directly; and names that the API refuses."""

import hashlib
from collections.abc import Mapping

from django.db import transaction
from uuid6 import uuid7

from accounts.models import User
from files.models import Balance, File, FileVersion
from files.quota import ensure_balance
from files.storage.client import client
from files.storage.configured import tenant_storage
from tenants.context import tenant_context
from tests import stack
from tests.support.factories import Agency, Person

TYPE = "application/octet-stream"


def store_files(agency: Agency, owner: Person, contents: Mapping[str, bytes]) -> dict[str, str]:
    """Store files with their contents; return their ids by name."""
    with tenant_context(agency.ref):
        files = insert_files(owner, {name: (len(data), TYPE) for name, data in contents.items()})
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
        for file in files:
            version = file.current
            version.sha256 = digests[file.name]
            version.save(update_fields=["sha256"])
            client().put_object(
                Bucket=stack.env["S3_BUCKET"],
                Key=tenant_storage().key_of(version.object_name),
                Body=contents[file.name],
            )
    return {file.name: str(file.id) for file in files}


def insert_files(owner: Person, kinds: Mapping[str, tuple[int, str]]) -> list[File]:
    """Insert rows of files with sizes and content types, without objects."""
    user = User.objects.get(pk=owner.id)
    versions = [
        FileVersion(
            id=(key := uuid7()),
            number=1,
            object_name=f"files/{key}",
            size=size,
            sha256="0" * 64,
            content_type=kind,
            created_by=user,
        )
        for size, kind in kinds.values()
    ]
    files = [
        File(name=name, owner=user, current=version, size=version.size)
        for name, version in zip(kinds, versions, strict=True)
    ]
    for file, version in zip(files, versions, strict=True):
        version.file = file
    with transaction.atomic():
        File.objects.bulk_create(files)
        FileVersion.objects.bulk_create(versions)
        Balance.objects.all().delete()  # it is computed again from the rows
        ensure_balance()
    return files
