"""admin.: Django admin for platform staff."""

from django.contrib.admin import autodiscover
from django.urls import path
from django.views.generic import RedirectView

from aggios.urls import common
from pages.site.urls import closed_to_robots
from staff import urls as staff
from staff.admin_site import site

# A command that serves requests has not discovered them at its start (staff/admin_config.py).
autodiscover()

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="admin-front"),
    path("admin/", site.urls),
    *staff.log_in,
    *staff.urlpatterns,
    *closed_to_robots,
    *common.urlpatterns,
]

handler400 = common.bad_request
handler403 = common.permission_denied
handler404 = common.not_found
handler500 = common.server_error
