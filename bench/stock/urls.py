"""The one route that is measured."""

from django.urls import path

from bench.stock.people.views import Me

urlpatterns = [path("api/users/me", Me.as_view())]
