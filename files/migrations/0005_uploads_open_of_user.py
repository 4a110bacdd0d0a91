from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # one index each: what a cut-off build leaves is built anew

    dependencies = [
        ("files", "0004_upload_start_by"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="upload",
            index=models.Index(
                models.F("created_by"),
                models.F("created_at"),
                models.F("id"),
                condition=models.Q(("state", "pending")),
                name="uploads_open_of_user",
            ),
        ),
    ]
