"""Requests of every kind while their database backends are cancelled and terminated.

One small application (``canary/``, ``views.py``) is served by gunicorn twice: on Aggios' backend
and middleware, and on django-tenants' own. The proxy ``wire.py``
between gunicorn and PostgreSQL sees each statement and aims the attack at running context switches.
"""
