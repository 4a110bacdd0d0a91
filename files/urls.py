"""Routes of files on a tenant's host and on api."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
