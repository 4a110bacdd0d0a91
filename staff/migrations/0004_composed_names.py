"""Names that were stored before they were composed at every entry are found by neither spelling."""

from django.db import migrations

# Composing may lengthen a text (UAX #15, composition exclusions); columns hold 100 characters.
STAFF = """
    UPDATE staff_staffuser
    SET first_name = left(normalize(first_name, NFC), 100),
        last_name = left(normalize(last_name, NFC), 100)
    WHERE first_name IS NOT NFC NORMALIZED OR last_name IS NOT NFC NORMALIZED
"""
TOKENS = """
    UPDATE staff_stafftoken SET name = left(normalize(name, NFC), 100)
    WHERE name IS NOT NFC NORMALIZED
"""


class Migration(migrations.Migration):
    dependencies = [("staff", "0003_second_factor")]

    # Taking it back leaves the names composed, which the former release takes as well.
    operations = [migrations.RunSQL([STAFF, TOKENS], migrations.RunSQL.noop)]
    lint_exempt = {"run_sql": "locks single rows, and only those whose name is not composed"}
