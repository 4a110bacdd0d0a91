"""dash.: finds the workspace of a user."""

from django.urls import path

from aggios.urls import common
from pages.find_workspace import find_workspace, mail_workspaces
from pages.site import urls as site

urlpatterns = [
    path("", find_workspace, name="find-workspace"),
    path("find", mail_workspaces, name="mail-workspaces"),
    *site.closed_to_robots,
    *common.urlpatterns,
]

handler400 = common.bad_request
handler403 = common.permission_denied
handler404 = common.not_found
handler500 = common.server_error
