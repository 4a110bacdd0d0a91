"""aggios.app, www. and localhost: the public site and self-service sign-up."""

from django.urls import path

from accounts.api.auth import SignUp
from aggios.pages import front
from aggios.urls import common
from core.metrics import metrics

urlpatterns = [
    path("", front, name="front"),
    path("metrics", metrics, name="metrics"),
    path("api/auth/register", SignUp.as_view(), name="sign-up"),
    *common.urlpatterns,
]

handler400 = common.bad_request
handler403 = common.permission_denied
handler404 = common.not_found
handler500 = common.server_error
