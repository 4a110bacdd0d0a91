"""WSGI entry point: ``gunicorn -c python:aggios.gunicorn aggios.wsgi``."""

import os

from django.core.checks import Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aggios.settings")
application = get_wsgi_application()


def refuse_unsafe_start() -> None:
    """Raise ImproperlyConfigured that lists every failed security check, before anything is served."""
    faults = [m for m in run_checks(tags=[Tags.security]) if m.is_serious()]
    if faults:
        listed = "\n".join(f"  {fault.id}: {fault.msg} {fault.hint}" for fault in faults)
        raise ImproperlyConfigured(f"Aggios does not start like this:\n{listed}")


refuse_unsafe_start()
