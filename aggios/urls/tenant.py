"""{slug}.aggios.app and verified custom domains: one tenant."""

from django.urls import include, path

from aggios.pages.front import workspace
from aggios.urls import common

urlpatterns = [
    path("", workspace, name="workspace"),
    path("", include("accounts.urls")),
    path("", include("files.urls")),
    *common.urlpatterns,
]

handler400 = common.bad_request
handler403 = common.permission_denied
handler404 = common.not_found
handler500 = common.server_error
