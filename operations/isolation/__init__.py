"""Proves that tenants cannot reach each other: ``manage.py audit_isolation``.

Two throw-away tenants are filled with canaries; then each one's credentials are tried against the
other's names, ids, rows, objects and keys, on every route that there is. What is tried follows from
the URL configurations, the models and the tables themselves: nobody has to remember to add to it.
"""
