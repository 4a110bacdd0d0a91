"""Routes of the pages around the log-in, on tenants' hosts."""

from django.urls import path

from pages.auth.forgot import forgot_password_page
from pages.auth.language import language_page
from pages.auth.login import login_page, logout_page
from pages.auth.reauthenticate import reauthenticate_page
from pages.auth.register import register_page
from pages.auth.ticket import login_ticket_page
from pages.auth.unverified import unverified_page

urlpatterns = [
    path("login", login_page, name="login-page"),
    path("login/ticket", login_ticket_page, name="login-ticket-page"),
    path("logout", logout_page, name="logout-page"),
    path("reauthenticate", reauthenticate_page, name="reauthenticate-page"),
    path("language", language_page, name="language-page"),
    path("register", register_page, name="register-page"),
    path("password/forgot", forgot_password_page, name="forgot-password-page"),
    path("email/unverified", unverified_page, name="email-unverified"),
]
