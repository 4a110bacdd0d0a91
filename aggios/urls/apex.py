"""aggios.app, www. and localhost: the public site and self-service sign-up."""

from django.urls import path

from accounts.api.registration import SignupView
from aggios.status_page import status_page
from aggios.urls import common
from pages.home import error_code_page
from pages.signup import sign_up_page, signed_up_page
from pages.site import urls as site
from staff import urls as staff

urlpatterns = [
    *site.urlpatterns,
    path("status", status_page, name="site-status"),
    path("signup", sign_up_page, name="sign-up-page"),
    path("signup/done", signed_up_page, name="signed-up"),
    path("errors/<slug:code>", error_code_page, name="error-code"),
    path("api/auth/register", SignupView.as_view(), name="sign-up"),
    *staff.log_in,
    *staff.urlpatterns,
    *common.urlpatterns,
]

handler400 = common.bad_request
handler403 = common.permission_denied
handler404 = common.not_found
handler500 = common.server_error
