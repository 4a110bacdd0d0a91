"""Bring stored e-mail addresses into canonical form (docs/decisions/0021-email-addresses.md)."""

from django.db import migrations

from staff.services import canonicalize_addresses


def rewrite(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        canonicalize_addresses(cursor)


class Migration(migrations.Migration):

    dependencies = [
        ('staff', '0004_composed_names'),
    ]

    operations = [
        migrations.RunPython(rewrite, migrations.RunPython.noop),
    ]
