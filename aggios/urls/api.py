"""api.: every tenant endpoint; the tenant comes from the credential."""

from aggios.urls import common
from pages.site import urls as site
from staff import urls as staff

urlpatterns = [
    *common.tenant_api,
    *staff.urlpatterns,
    *site.closed_to_robots,
    *common.urlpatterns,
]

handler400 = common.bad_request
handler403 = common.permission_denied
handler404 = common.not_found
handler500 = common.server_error
