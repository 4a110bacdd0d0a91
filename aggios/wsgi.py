"""WSGI entry point: ``gunicorn -c python:aggios.gunicorn aggios.wsgi``."""

import os

from django.core.wsgi import get_wsgi_application

from aggios.boot import refuse_unsafe_start
from aggios.request_bodies import read_to_the_end, without_length

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aggios.settings")
application = read_to_the_end(without_length(get_wsgi_application()))
refuse_unsafe_start()
