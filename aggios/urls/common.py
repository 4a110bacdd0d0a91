"""Routes of every host, the API of a tenant, and the error handlers."""

from django.urls import include, path

from aggios.health import Health, live, ready
from aggios.openapi_views import DocsView, SchemaView

bad_request = "pages.error_handlers.bad_request"
permission_denied = "pages.error_handlers.permission_denied"
not_found = "pages.error_handlers.not_found"
server_error = "pages.error_handlers.server_error"

urlpatterns = [
    path("api/health", Health.as_view(), name="health"),
    path("api/health/live", live, name="health-live"),
    path("api/health/ready", ready, name="health-ready"),
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("api/docs", DocsView.as_view(url_name="schema"), name="docs"),
]

# The API of one tenant: on its own hosts, and on ``api.``.
tenant_api = [
    path("", include("accounts.urls")),
    path("", include("files.urls")),
]
