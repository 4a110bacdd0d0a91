"""The routes of a tenant, or of ``api.``, with leaks among them."""

from django.urls import include, path

from tests.isolation import leaks

urlpatterns = [
    path("", include("accounts.urls")),
    path("", include("files.urls")),
    *leaks.urlpatterns,
]
