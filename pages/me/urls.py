"""Routes of the pages of the own account, on tenants' hosts."""

from django.urls import path

from pages.me.data import leave_page, my_data_page
from pages.me.email import my_email_page
from pages.me.password import my_password_page
from pages.me.profile import my_account_page
from pages.me.second_factor import (
    add_second_factor_page,
    recovery_codes_page,
    remove_second_factor_page,
    second_factor_page,
)
from pages.me.sessions import end_other_sessions_page, end_session_page, my_sessions_page

urlpatterns = [
    path("me", my_account_page, name="my-account"),
    path("me/email", my_email_page, name="my-email"),
    path("me/password", my_password_page, name="my-password"),
    path("me/security", second_factor_page, name="my-second-factor"),
    path("me/security/add", add_second_factor_page, name="my-second-factor-add"),
    path("me/security/codes", recovery_codes_page, name="my-recovery-codes"),
    path("me/security/remove", remove_second_factor_page, name="my-second-factor-remove"),
    path("me/sessions", my_sessions_page, name="my-sessions"),
    path("me/sessions/end-others", end_other_sessions_page, name="my-sessions-end-others"),
    path("me/sessions/<id:session_id>/end", end_session_page, name="my-session-end"),
    path("me/export", my_data_page, name="my-data"),
    path("me/leave", leave_page, name="my-leave"),
]
