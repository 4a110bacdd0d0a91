"""What every host answers: health, the API's description, and errors in one form."""

from django.urls import path

from aggios.health import Health, live, ready
from aggios.schema import DocsView, SchemaView

bad_request = "aggios.errors.bad_request"
permission_denied = "aggios.errors.permission_denied"
not_found = "aggios.errors.not_found"
server_error = "aggios.errors.server_error"

urlpatterns = [
    path("api/health", Health.as_view(), name="health"),
    path("api/health/live", live, name="health-live"),
    path("api/health/ready", ready, name="health-ready"),
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("api/docs", DocsView.as_view(url_name="schema"), name="docs"),
]
