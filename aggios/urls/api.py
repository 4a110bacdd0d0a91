"""api.: every tenant endpoint; the tenant comes from the credential."""

from django.urls import include, path

from aggios.urls import common
from staff import urls as staff

urlpatterns = [
    path("", include("accounts.urls")),
    path("", include("files.urls")),
    *staff.urlpatterns,
    *common.urlpatterns,
]

handler400 = common.bad_request
handler403 = common.permission_denied
handler404 = common.not_found
handler500 = common.server_error
