"""{slug}.aggios.app and verified custom domains: one tenant."""

from django.urls import path

from aggios.urls import common
from pages.account_links import email_change_page, password_reset_page, verify_email_page
from pages.auth import urls as auth_pages
from pages.files import urls as files_pages
from pages.join import join_page
from pages.me import urls as own_pages
from pages.people import urls as people_pages
from pages.sharing import urls as sharing_pages
from pages.site import urls as site
from pages.workspace import urls as settings_pages
from pages.workspace_home import hide_checklist_page, workspace_home

urlpatterns = [
    path("", workspace_home, name="workspace"),
    path("checklist", hide_checklist_page, name="hide-checklist"),
    *auth_pages.urlpatterns,
    *files_pages.urlpatterns,
    *own_pages.urlpatterns,
    *people_pages.urlpatterns,
    path("join", join_page, name="join-page"),
    path("password/reset", password_reset_page, name="password-reset-page"),
    path("email/verify", verify_email_page, name="email-verify-page"),
    path("email/change", email_change_page, name="email-change-page"),
    *sharing_pages.urlpatterns,
    *settings_pages.urlpatterns,
    *common.tenant_api,
    *site.closed_to_robots,
    *common.urlpatterns,
]

handler400 = common.bad_request
handler403 = common.permission_denied
handler404 = common.not_found
handler500 = common.server_error
