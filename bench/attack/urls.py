"""The routes of the attacked application, on tenant hosts."""

from django.urls import path

from bench.attack.views import answer

urlpatterns = [path("attack/<kind>", answer)]
