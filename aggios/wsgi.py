"""WSGI entry point: ``gunicorn -c python:aggios.gunicorn aggios.wsgi``."""

import os

from django.core.wsgi import get_wsgi_application

from aggios.boot import refuse_unsafe_start
from aggios.server.request_body import (
    Application,
    in_time,
    read_to_the_end,
    with_readable_type,
    without_length,
)
from aggios.server.slow_client_middleware import sent_in_time
from aggios.serving.full_house import with_places

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aggios.settings")

application: Application = get_wsgi_application()
# From the inside out.
for layer in (
    without_length,
    in_time,
    with_places,
    read_to_the_end,
    sent_in_time,
    with_readable_type,
):
    application = layer(application)
refuse_unsafe_start()
