"""Requests of every kind while the database backends that serve them are cancelled or terminated.

This package is a small Django application (``models.py``, ``views.py``). gunicorn serves it twice:
with Aggios' backend and middleware, and with django-tenants'. ``proxy.py`` is between gunicorn and
PostgreSQL: it recognises context switches and has them hit while they run.
"""
