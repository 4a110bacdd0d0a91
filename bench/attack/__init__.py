"""Requests of every kind while somebody cancels and ends the database's backends under them.

One small application (``canary/``, ``views.py``) is served by gunicorn twice: on Aggios' backend
and middleware, and on django-tenants' own. Between gunicorn and PostgreSQL stands ``wire.py``,
which sees each statement pass and has the attack hit the context switch while it is under way.
"""
