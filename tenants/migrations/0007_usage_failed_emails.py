from django.db import migrations, models


class Migration(migrations.Migration):
    # Both sixth ones: they were made at the same time.
    dependencies = [
        ("tenants", "0006_daily_usage"),
        ("tenants", "0006_tenant_list_request"),
    ]

    operations = [
        migrations.AddField(
            model_name="usage",
            name="failed_emails",
            field=models.PositiveIntegerField(null=True),
        ),
    ]
