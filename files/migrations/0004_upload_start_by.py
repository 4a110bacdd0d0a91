from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("files", "0003_verify_after_the_answer"),
    ]

    operations = [
        migrations.AddField(
            model_name="upload",
            name="start_by",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
