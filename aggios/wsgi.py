"""WSGI entry point: ``gunicorn -c python:aggios.gunicorn aggios.wsgi``."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aggios.settings")
application = get_wsgi_application()
