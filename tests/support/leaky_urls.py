"""The routes of a tenant, or of ``api.``, with leaks among them."""

from django.urls import include, path

from tests.support import leaky_views

urlpatterns = [
    path("", include("accounts.urls")),
    path("", include("files.urls")),
    *leaky_views.urlpatterns,
]
