from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

import files.folders.expressions


class Migration(migrations.Migration):
    atomic = False  # one index each: what a cut-off build leaves is built anew

    dependencies = [
        ("files", "0006_uploads_to_start"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="file",
            index=models.Index(
                files.folders.expressions.FolderOf("name"),
                models.F("name"),
                models.F("id"),
                condition=models.Q(("deleted_at", None)),
                name="files_in_folder",
            ),
        ),
    ]
