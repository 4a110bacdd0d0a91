"""Names that were stored before they were composed at every entry are found by neither spelling."""

from django.db import migrations

# Composing may lengthen a text (UAX #15, composition exclusions); columns hold 100 characters.
PEOPLE = """
    UPDATE accounts_user
    SET first_name = left(normalize(first_name, NFC), 100),
        last_name = left(normalize(last_name, NFC), 100),
        updated_at = now()
    WHERE first_name IS NOT NFC NORMALIZED OR last_name IS NOT NFC NORMALIZED
"""
KEYS = """
    UPDATE accounts_apikey SET name = left(normalize(name, NFC), 100)
    WHERE name IS NOT NFC NORMALIZED
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_session_not_ended")]

    # RunSQL, so that the fleet runner sends the same text to every tenant. Taking it back leaves
    # the names composed, which the former release takes as well.
    operations = [migrations.RunSQL([PEOPLE, KEYS], migrations.RunSQL.noop)]
    lint_exempt = {"run_sql": "locks single rows, and only those whose name is not composed"}
