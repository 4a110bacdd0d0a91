"""The isolation audit, ``manage.py audit_isolation``: tests that tenants cannot reach each other.

Two temporary tenants are seeded with canaries. Then the credentials of each are tried against the
other's names, ids, rows, objects and keys, on every route. The attempts follow from the URL
configurations, the models and the tables, so a new route or model is covered without further work.
"""
