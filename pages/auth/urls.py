"""Routes of the pages around the log-in, on tenants' hosts."""

from django.urls import path

from pages.auth.login import login_page, logout_page
from pages.auth.reauthenticate import reauthenticate_page

urlpatterns = [
    path("login", login_page, name="login-page"),
    path("logout", logout_page, name="logout-page"),
    path("reauthenticate", reauthenticate_page, name="reauthenticate-page"),
]
