"""manage.py setup_storage"""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from files.storage.setup import set_up_bucket


class Command(BaseCommand):
    help = (
        "Create the bucket S3_BUCKET if it is missing, allow pages in browsers to use it with "
        "presigned URLs, and switch on versioning and encryption if the store supports them "
        "(S3_BUCKET_VERSIONING, S3_BUCKET_ENCRYPTION). Safe to repeat.\n\n"
        "Example: manage.py setup_storage"
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            set_up_bucket(self.stdout.write)
        except (BotoCoreError, ClientError) as exc:
            endpoint = settings.S3_ENDPOINT_URL
            raise CommandError(
                f"The object store at {endpoint} refused: {exc}. Check S3_…, then storage_doctor."
            ) from exc
