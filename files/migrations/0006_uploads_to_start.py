from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # one index each: what a cut-off build leaves is built anew

    dependencies = [
        ("files", "0005_uploads_open_of_user"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="upload",
            index=models.Index(
                models.F("start_by"),
                condition=models.Q(("start_by__isnull", False), ("state", "pending")),
                name="uploads_to_start",
            ),
        ),
    ]
