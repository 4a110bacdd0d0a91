from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0007_tenant_list_request"),
    ]

    operations = [
        migrations.AddField(
            model_name="usage",
            name="failed_emails",
            field=models.PositiveIntegerField(null=True),
        ),
    ]
