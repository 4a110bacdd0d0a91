from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_preferences'),
    ]

    operations = [
        migrations.AlterField(
            model_name='maillink',
            name='purpose',
            field=models.CharField(choices=[('reset', 'Set a new password'), ('verify', 'Verify the address'), ('join', 'Confirm a registration'), ('change', 'Confirm another address')], max_length=10),
        ),
    ]
