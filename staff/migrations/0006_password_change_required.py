from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('staff', '0005_canonical_addresses'),
    ]

    operations = [
        migrations.AddField(
            model_name='staffuser',
            name='password_change_required',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
    ]
