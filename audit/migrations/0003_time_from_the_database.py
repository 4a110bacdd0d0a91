"""PostgreSQL sets the time of an event, not the application (audit/functions.sql)."""

from django.db import migrations

TRIGGER = """
DROP TRIGGER IF EXISTS audit_stamps ON audit_auditevent;
CREATE TRIGGER audit_stamps BEFORE INSERT ON audit_auditevent
    FOR EACH ROW EXECUTE FUNCTION aggios.audit_stamp();
"""
NO_TRIGGER = "DROP TRIGGER audit_stamps ON audit_auditevent"


class Migration(migrations.Migration):
    lint_exempt = {"run_sql": "a trigger: the table is locked against writers for a moment"}

    dependencies = [("audit", "0002_chain")]

    operations = [migrations.RunSQL(TRIGGER, NO_TRIGGER)]
