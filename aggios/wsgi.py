"""WSGI entry point: ``gunicorn -c python:aggios.gunicorn aggios.wsgi``."""

import os
from wsgiref.types import WSGIApplication

from django.core.wsgi import get_wsgi_application

from aggios.checks import require_safe_configuration
from aggios.server.request_body import (
    allow_chunked,
    drain_body,
    limit_body_time,
    normalize_content_type,
)
from aggios.server.slow_client_middleware import limit_slow_uploads, limit_stream_time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aggios.settings")

application: WSGIApplication = get_wsgi_application()
# From the inside out.
for layer in (
    allow_chunked,
    limit_body_time,
    limit_slow_uploads,
    drain_body,
    limit_stream_time,
    normalize_content_type,
):
    application = layer(application)
require_safe_configuration()
