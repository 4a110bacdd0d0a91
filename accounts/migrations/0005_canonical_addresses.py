"""Bring stored e-mail addresses into canonical form (docs/decisions/0021-email-addresses.md)."""

from django.db import migrations

from accounts.users.canonical_addresses import canonicalise_addresses


def rewrite(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        canonicalise_addresses(cursor)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_composed_names'),
    ]

    operations = [
        migrations.RunPython(rewrite, migrations.RunPython.noop),
    ]
